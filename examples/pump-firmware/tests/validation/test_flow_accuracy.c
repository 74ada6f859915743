/*
 * Flow accuracy against reference volumes (reference/infusions.csv: rate times time), with the simulated pump whose
 * strokes follow a smooth curve and not the calibration's straight lines.
 */
#include "runner.h"
#include "simulator.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

extern const struct test flow_accuracy_tests[];

#define ALLOWED 0.02 /* REQ-001 */

/* The largest relative deviation over the model's lines of the reference, and how many lines there were. */
static double worst_deviation(const char *wanted, int *lines)
{
    FILE *file = fopen("tests/validation/reference/infusions.csv", "r");
    char line[128];
    double worst = 0.0;

    CHECK(file != NULL);
    *lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        struct simulator simulator;
        char model[16];
        unsigned rate_ul_h;
        unsigned seconds;
        double expected_ul;

        if (sscanf(line, "%15[^,],%u,%u,%lf", model, &rate_ul_h, &seconds, &expected_ul) != 4 || strcmp(model, wanted) != 0) {
            continue;
        }
        simulator_init(&simulator, model);
        CHECK(controller_start(&simulator.controller, rate_ul_h, 2000000));
        simulator_run(&simulator, seconds);
        CHECK(simulator.controller.state == STATE_INFUSING);
        worst = fmax(worst, fabs(simulator.infused_ul / expected_ul - 1.0));
        ++*lines;
    }
    fclose(file);
    return worst;
}

/* @verifies REQ-001 REQ-003 REQ-004 RC-001 RC-002 */
static void test_lp100_delivers_the_reference_volumes(void)
{
    int lines;

    CHECK(worst_deviation("LP-100", &lines) < ALLOWED);
    CHECK(lines == 8);
}

/* @verifies REQ-001 REQ-003 REQ-004 RC-001 RC-002 */
static void test_lp200_delivers_the_reference_volumes(void)
{
    int lines;

    CHECK(worst_deviation("LP-200", &lines) < ALLOWED);
    CHECK(lines == 9);
}

const struct test flow_accuracy_tests[] = {
    TEST(test_lp100_delivers_the_reference_volumes),
    TEST(test_lp200_delivers_the_reference_volumes),
    END,
};
