#include "runner.h"

extern const struct test image_file_tests[], profile_tests[], therapy_tests[];

const struct test *const all_tests[] = {image_file_tests, profile_tests, therapy_tests, NULL};
