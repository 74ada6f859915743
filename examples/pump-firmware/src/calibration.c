#include "calibration.h"

uint32_t calibration_pl_per_step(const struct model *model, uint32_t rate_ul_h)
{
    const struct calibration_point *point = model->calibration;

    for (size_t i = 0; i < model->points; i++) {
        if (rate_ul_h == point[i].rate_ul_h) {
            return point[i].pl_per_step;
        }
        if (i > 0 && rate_ul_h > point[i - 1].rate_ul_h && rate_ul_h < point[i].rate_ul_h) {
            const int64_t run = (int64_t)point[i].rate_ul_h - point[i - 1].rate_ul_h;
            const int64_t rise = (int64_t)point[i].pl_per_step - point[i - 1].pl_per_step;
            const int64_t along = (int64_t)rate_ul_h - point[i - 1].rate_ul_h;

            return (uint32_t)(point[i - 1].pl_per_step + rise * along / run);
        }
    }
    return 0;
}

uint32_t calibration_step_period_us(const struct model *model, uint32_t rate_ul_h)
{
    const uint64_t pl = calibration_pl_per_step(model, rate_ul_h);

    /* pl / (rate * 10^6 pl per 3.6 * 10^9 us), rounded to nearest */
    return pl == 0 ? 0 : (uint32_t)((pl * 3600u + rate_ul_h / 2u) / rate_ul_h);
}
