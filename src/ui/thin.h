/* Bytes for the terminal that say again what holds already. */
#ifndef TACH_UI_THIN_H
#define TACH_UI_THIN_H

#include <stddef.h>

/* Takes out of a frame, in place, every background colour that is set already: curses sets it with each foreground.
 * Returns the new length. */
size_t thin_backgrounds(char *bytes, size_t length);

#endif
