#include "runner.h"

extern const struct test air_tests[], bolus_tests[], calibration_tests[], controller_tests[], crc32_tests[], occlusion_tests[];

const struct test *const all_tests[] = {air_tests, bolus_tests, calibration_tests, controller_tests, crc32_tests, occlusion_tests, NULL};
