#include "model.h"

#include "crc32.h"

/*
 * Calibration profile LP-CAL-0007, revision 4. The same numbers stand in calibration/profile.json as they were measured;
 * an integration test holds the two together. The rates of the first and the last point are the model's limits.
 */
static const struct calibration_point lp100_calibration[] = {
    {100, 83000}, {1000, 82950}, {5000, 82750}, {20000, 81960},
    {50000, 80220}, {80000, 78270}, {125000, 74950},
};

static const struct calibration_point lp200_calibration[] = {
    {100, 250000}, {5000, 249820}, {50000, 248230}, {125000, 245520},
    {250000, 240850}, {500000, 230920}, {750000, 220200}, {999000, 208750},
};

const struct model models[MODEL_COUNT] = {
    {
        .name = "LP-100", /* ambulatory */
        .id = 1u << 0,
        .max_bolus_ul = 2000,
        .max_hourly_bolus_ul = 6000,
        .bolus_lockout_s = 600,
        .occlusion_dpa = 8000,
        .compliance_nl_per_kpa = 450,
        .calibration = lp100_calibration,
        .points = sizeof lp100_calibration / sizeof lp100_calibration[0],
    },
    {
        .name = "LP-200", /* bedside */
        .id = 1u << 1,
        .max_bolus_ul = 10000,
        .max_hourly_bolus_ul = 25000,
        .bolus_lockout_s = 300,
        .occlusion_dpa = 10000,
        .compliance_nl_per_kpa = 900,
        .calibration = lp200_calibration,
        .points = sizeof lp200_calibration / sizeof lp200_calibration[0],
    },
};

static int same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

const struct model *model_find(const char *name)
{
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        if (same(models[i].name, name)) {
            return &models[i];
        }
    }
    return NULL;
}

static uint32_t add(uint32_t crc, uint32_t number)
{
    const uint8_t bytes[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24)};

    return crc32_update(crc, bytes, sizeof bytes);
}

uint32_t model_calibration_crc(void)
{
    uint32_t crc = 0;

    for (size_t i = 0; i < MODEL_COUNT; i++) {
        for (size_t k = 0; k < models[i].points; k++) {
            crc = add(crc, models[i].calibration[k].rate_ul_h);
            crc = add(crc, models[i].calibration[k].pl_per_step);
        }
    }
    return crc;
}
