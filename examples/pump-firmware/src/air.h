/*
 * Air in line: one large bubble, or many small ones within fifteen minutes.
 *
 * The sensor tells air from liquid; the volume is what the motor moved past it meanwhile.
 */
#ifndef AIR_H
#define AIR_H

#include <stdbool.h>
#include <stdint.h>

#define AIR_BUBBLE_NL 50000u       /* 50 microlitres in one bubble */
#define AIR_WINDOW_NL 1000000u     /* 1 millilitre in fifteen minutes */
#define AIR_WINDOW_MINUTES 15u
#define AIR_LIQUID_SAMPLES 3u      /* liquid this often in a row ends a bubble; less is a film on the wall */

struct air_guard {
    uint32_t bubble_nl;
    uint32_t liquid_samples;
    uint32_t minute; /* of the newest bin */
    uint32_t bin_nl[AIR_WINDOW_MINUTES + 1];
};

void air_init(struct air_guard *guard);

/* Takes one sensor sample; true if the air seen must stop the pump. */
bool air_sample(struct air_guard *guard, uint32_t now_ms, bool air, uint32_t moved_nl);

#endif
