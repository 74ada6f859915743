#include "air.h"

#include <stddef.h>

/* One bin more than minutes: the oldest may hold air of nearly a minute more, so the alarm comes early, never late. */
#define BINS (AIR_WINDOW_MINUTES + 1u)

void air_init(struct air_guard *guard)
{
    guard->bubble_nl = 0;
    guard->liquid_samples = 0;
    guard->minute = 0;
    for (size_t i = 0; i < BINS; i++) {
        guard->bin_nl[i] = 0;
    }
}

static void advance(struct air_guard *guard, uint32_t minute)
{
    for (uint32_t steps = 0; guard->minute < minute && steps < BINS; steps++) {
        guard->minute++;
        guard->bin_nl[guard->minute % BINS] = 0;
    }
    if (guard->minute < minute) {
        /* Longer than the window without a sample: every bin was emptied above. */
        guard->minute = minute;
    }
}

static uint32_t add_capped(uint32_t sum, uint32_t more)
{
    return more > UINT32_MAX - sum ? UINT32_MAX : sum + more;
}

bool air_sample(struct air_guard *guard, uint32_t now_ms, bool air, uint32_t moved_nl)
{
    uint32_t window_nl = 0;

    advance(guard, now_ms / 60000u);
    if (air) {
        guard->liquid_samples = 0;
        guard->bubble_nl = add_capped(guard->bubble_nl, moved_nl);
        guard->bin_nl[guard->minute % BINS] = add_capped(guard->bin_nl[guard->minute % BINS], moved_nl);
    } else if (++guard->liquid_samples >= AIR_LIQUID_SAMPLES) {
        guard->liquid_samples = AIR_LIQUID_SAMPLES;
        guard->bubble_nl = 0;
    }
    for (size_t i = 0; i < BINS; i++) {
        window_nl = add_capped(window_nl, guard->bin_nl[i]);
    }
    return guard->bubble_nl > AIR_BUBBLE_NL || window_nl > AIR_WINDOW_NL;
}
