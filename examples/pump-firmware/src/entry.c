/*
 * Where the module meets the board: a table of entry points at the payload's start, and the two functions that a
 * compiler may call on its own. There is no C library underneath.
 */
#include "controller.h"
#include "image.h"

struct entry_table {
    void (*init)(struct controller *, const struct model *, bool);
    bool (*start)(struct controller *, uint32_t, uint32_t);
    enum bolus_answer (*bolus)(struct controller *, uint32_t);
    void (*stop)(struct controller *);
    int32_t (*tick)(struct controller *, const struct inputs *);
    bool (*acknowledge)(struct controller *, const struct inputs *);
    enum image_fault (*check)(const uint8_t *, size_t, uint32_t);
    const struct model *models;
};

extern const struct entry_table entry_table;

__attribute__((section(".entry"), used)) const struct entry_table entry_table = {
    controller_init, controller_start, controller_bolus, controller_stop, controller_tick, controller_acknowledge, image_check, models,
};

void *memset(void *to, int value, size_t size);
void *memcpy(void *restrict to, const void *restrict from, size_t size);

void *memset(void *to, int value, size_t size)
{
    volatile uint8_t *bytes = to; /* volatile: or the loop becomes a call of memset */

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    volatile uint8_t *bytes = to;
    const uint8_t *source = from;

    for (size_t i = 0; i < size; i++) {
        bytes[i] = source[i];
    }
    return to;
}
