/* Capabilities of the calling thread: in Linux each thread has its own. */
#ifndef TACH_BASE_CAPS_H
#define TACH_BASE_CAPS_H

#include <stdbool.h>
#include <stddef.h>

bool caps_has(unsigned capability); /* CAP_... of <linux/capability.h>, in the effective set */

/* Gives up all others for good; threads that are started from here have no more either. */
void caps_keep(const unsigned *capabilities, size_t count);

#endif
