/* Bolus limits: one bolus, the time between two, and the sum of any sixty minutes. */
#ifndef BOLUS_H
#define BOLUS_H

#include "model.h"

#define BOLUS_MEMORY 64

enum bolus_answer {
    BOLUS_GRANTED,
    BOLUS_TOO_LARGE,
    BOLUS_LOCKED_OUT,
    BOLUS_HOURLY_LIMIT,
    BOLUS_CLOCK_WENT_BACK,
};

struct bolus_guard {
    const struct model *model;
    size_t count;
    uint32_t granted_at_s[BOLUS_MEMORY];
    uint32_t granted_ul[BOLUS_MEMORY];
};

void bolus_init(struct bolus_guard *guard, const struct model *model);

/* Whether a bolus may be given now. A granted one counts from this moment, delivered or not. */
enum bolus_answer bolus_request(struct bolus_guard *guard, uint32_t now_s, uint32_t volume_ul);

#endif
