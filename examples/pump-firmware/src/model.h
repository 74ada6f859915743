/* The device models that this firmware runs on, and the limits of each. */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>
#include <stdint.h>

/* One point of a flow calibration: what one motor step delivers at a rate. */
struct calibration_point {
    uint32_t rate_ul_h;
    uint32_t pl_per_step;
};

struct model {
    const char *name;
    uint32_t id; /* bit in the image header's mask */
    uint32_t max_bolus_ul;
    uint32_t max_hourly_bolus_ul;
    uint32_t bolus_lockout_s;
    uint32_t occlusion_dpa; /* line pressure, in decapascals, that means an occlusion */
    uint32_t compliance_nl_per_kpa; /* how much the tubing swells under pressure */
    const struct calibration_point *calibration;
    size_t points;
};

#define MODEL_COUNT 2

extern const struct model models[MODEL_COUNT];

/* The model of that name, or NULL. */
const struct model *model_find(const char *name);

/* CRC-32 over all calibration points, each number as four bytes, least significant first. */
uint32_t model_calibration_crc(void);

#endif
