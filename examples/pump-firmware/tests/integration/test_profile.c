/* The calibration profile as measured (calibration/profile.json) against the tables in the firmware. */
#include "model.h"
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct test profile_tests[];

static char profile[65536];

static void load(void)
{
    FILE *file = fopen("calibration/profile.json", "rb");

    CHECK(file != NULL);
    profile[fread(profile, 1, sizeof profile - 1, file)] = '\0';
    fclose(file);
}

/* The numbers of the first list called `key` after the model's name. */
static size_t numbers(const char *model, const char *key, uint32_t found[], size_t most)
{
    size_t count = 0;
    char quoted[64];
    char *at;

    snprintf(quoted, sizeof quoted, "\"%s\": {", model);
    at = strstr(profile, quoted);
    CHECK(at != NULL);
    snprintf(quoted, sizeof quoted, "\"%s\": [", key);
    at = strstr(at, quoted);
    CHECK(at != NULL);
    at += strlen(quoted);
    do {
        CHECK(count < most);
        found[count++] = (uint32_t)strtoul(at, &at, 10);
    } while (*at++ == ',');
    return count;
}

/* @verifies REQ-021 RC-002 */
static void test_tables_are_the_measured_profile(void)
{
    load();
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        uint32_t rates[32];
        uint32_t volumes[32];

        CHECK(numbers(models[i].name, "rateUlPerH", rates, 32) == models[i].points);
        CHECK(numbers(models[i].name, "plPerStep", volumes, 32) == models[i].points);
        for (size_t k = 0; k < models[i].points; k++) {
            CHECK(rates[k] == models[i].calibration[k].rate_ul_h);
            CHECK(volumes[k] == models[i].calibration[k].pl_per_step);
        }
    }
}

/* @verifies REQ-021 */
static void test_profile_names_itself(void)
{
    load();
    CHECK(strstr(profile, "\"profile\": \"LP-CAL-0007\"") != NULL);
    CHECK(strstr(profile, "\"revision\": 4") != NULL);
}

const struct test profile_tests[] = {
    TEST(test_tables_are_the_measured_profile),
    TEST(test_profile_names_itself),
    END,
};
