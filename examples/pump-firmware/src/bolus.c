#include "bolus.h"

#define HOUR_S 3600u

void bolus_init(struct bolus_guard *guard, const struct model *model)
{
    guard->model = model;
    guard->count = 0;
}

/* Drops what lies an hour back or more; what is left is in order of time. */
static uint32_t forget_and_sum(struct bolus_guard *guard, uint32_t now_s)
{
    size_t kept = 0;
    uint32_t sum_ul = 0;

    for (size_t i = 0; i < guard->count; i++) {
        if (now_s - guard->granted_at_s[i] < HOUR_S) {
            guard->granted_at_s[kept] = guard->granted_at_s[i];
            guard->granted_ul[kept] = guard->granted_ul[i];
            sum_ul += guard->granted_ul[i];
            kept++;
        }
    }
    guard->count = kept;
    return sum_ul;
}

enum bolus_answer bolus_request(struct bolus_guard *guard, uint32_t now_s, uint32_t volume_ul)
{
    const struct model *model = guard->model;
    uint32_t sum_ul;

    if (volume_ul == 0 || volume_ul > model->max_bolus_ul) {
        return BOLUS_TOO_LARGE;
    }
    if (guard->count > 0) {
        const uint32_t last_s = guard->granted_at_s[guard->count - 1];

        /* A clock that went back would make the lockout and the hour longer or shorter; neither may be guessed. */
        if (now_s < last_s) {
            return BOLUS_CLOCK_WENT_BACK;
        }
        if (now_s - last_s < model->bolus_lockout_s) {
            return BOLUS_LOCKED_OUT;
        }
    }
    sum_ul = forget_and_sum(guard, now_s);
    if (guard->count == BOLUS_MEMORY || sum_ul + volume_ul > model->max_hourly_bolus_ul) {
        return BOLUS_HOURLY_LIMIT;
    }
    guard->granted_at_s[guard->count] = now_s;
    guard->granted_ul[guard->count] = volume_ul;
    guard->count++;
    return BOLUS_GRANTED;
}
