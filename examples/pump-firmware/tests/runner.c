#include "runner.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static jmp_buf end_of_test;
static char failure[512];

void report_failure(const char *file, int line, const char *condition)
{
    snprintf(failure, sizeof failure, "%s:%d: %s", file, line, condition);
    longjmp(end_of_test, 1);
}

static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* Runs one test; true if it passed. */
static bool run(const struct test *test, FILE *junit)
{
    const clock_t start = clock();

    failure[0] = '\0';
    if (setjmp(end_of_test) == 0) {
        test->run();
    }
    printf("%s %s::%s%s%s\n", failure[0] == '\0' ? "pass" : "FAIL", test->file, test->name, failure[0] == '\0' ? "" : "  ", failure);
    if (junit != NULL) {
        fprintf(junit, "  <testcase classname=\"%s\" name=\"%s\" file=\"%s\" time=\"%.3f\"", test->file, test->name, test->file, (double)(clock() - start) / CLOCKS_PER_SEC);
        if (failure[0] == '\0') {
            fputs("/>\n", junit);
        } else {
            fputs(">\n    <failure message=\"", junit);
            put_escaped(junit, failure);
            fputs("\"/>\n  </testcase>\n", junit);
        }
    }
    return failure[0] == '\0';
}

static int list(void)
{
    for (size_t table = 0; all_tests[table] != NULL; table++) {
        for (const struct test *test = all_tests[table]; test->run != NULL; test++) {
            printf("%s::%s\n", test->file, test->name);
        }
    }
    return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
    FILE *junit = NULL;
    int tests = 0;
    int failures = 0;

    if (count == 2 && strcmp(arguments[1], "--list") == 0) {
        return list();
    }
    if (count == 3 && strcmp(arguments[1], "--junit") == 0) {
        junit = fopen(arguments[2], "w");
        if (junit == NULL) {
            perror(arguments[2]);
            return EXIT_FAILURE;
        }
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"pump-firmware\">\n", junit);
    }
    for (size_t table = 0; all_tests[table] != NULL; table++) {
        for (const struct test *test = all_tests[table]; test->run != NULL; test++) {
            tests++;
            failures += run(test, junit) ? 0 : 1;
        }
    }
    if (junit != NULL) {
        fputs("</testsuite>\n", junit);
        if (fclose(junit) != 0) {
            perror(arguments[2]);
            return EXIT_FAILURE;
        }
    }
    printf("%d tests, %d failed\n", tests, failures);
    return failures == 0 && tests > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
