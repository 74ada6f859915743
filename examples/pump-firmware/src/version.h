/* The firmware's version: here and nowhere else. */
#ifndef VERSION_H
#define VERSION_H

#define FIRMWARE_VERSION "2.3.1"

#endif
