#include "runner.h"

extern const struct test flow_accuracy_tests[], hazard_scenario_tests[];

const struct test *const all_tests[] = {flow_accuracy_tests, hazard_scenario_tests, NULL};
