/* mkimage PAYLOAD IMAGE: writes the firmware image, header and payload. A host tool; see src/image.h for the format. */
#include "../src/image.h"

#include <stdio.h>
#include <stdlib.h>

#define LARGEST (512u * 1024u) /* the device's flash */

static int fail(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

int main(int count, char **arguments)
{
    static uint8_t payload[LARGEST + 1];
    uint8_t header[IMAGE_HEADER_SIZE];
    size_t size;
    FILE *file;

    if (count != 3) {
        fputs("usage: mkimage PAYLOAD IMAGE\n", stderr);
        return EXIT_FAILURE;
    }
    file = fopen(arguments[1], "rb");
    if (file == NULL) {
        return fail(arguments[1]);
    }
    size = fread(payload, 1, sizeof payload, file);
    if (ferror(file) != 0 || fclose(file) != 0) {
        return fail(arguments[1]);
    }
    if (size == 0 || size > LARGEST) {
        fprintf(stderr, "mkimage: %s has %zu bytes; 1 to %u are allowed\n", arguments[1], size, LARGEST);
        return EXIT_FAILURE;
    }
    image_make_header(header, payload, (uint32_t)size);
    file = fopen(arguments[2], "wb");
    if (file == NULL) {
        return fail(arguments[2]);
    }
    if (fwrite(header, 1, sizeof header, file) != sizeof header || fwrite(payload, 1, size, file) != size || fclose(file) != 0) {
        return fail(arguments[2]);
    }
    return EXIT_SUCCESS;
}
