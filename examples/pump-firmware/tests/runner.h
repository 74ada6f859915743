/*
 * A test runner of one page: tests are functions in tables, results are printed and written as JUnit XML.
 *
 *     static void test_large_bolus_is_refused(void) { CHECK(...); }
 *
 *     const struct test bolus_tests[] = {TEST(test_large_bolus_is_refused), END};
 *
 * The comment above a test, "@verifies" and identifiers, says what it verifies.
 * A test that stands in no table does not compile (unused function), and a file's table must be in its layer's list.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include <stdbool.h>
#include <stddef.h>

struct test {
    const char *file;
    const char *name;
    void (*run)(void);
};

#define TEST(function) {__FILE__, #function, function}
#define END {NULL, NULL, NULL}

/* The tables of a layer, ended by NULL; each layer's main.c defines it. */
extern const struct test *const all_tests[];

/* Ends the test as failed if the condition does not hold. */
#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            report_failure(__FILE__, __LINE__, #condition); \
        } \
    } while (false)

_Noreturn void report_failure(const char *file, int line, const char *condition);

#endif
