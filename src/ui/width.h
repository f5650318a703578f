/* How many cells a character takes, the same on every machine and in every locale. */
#ifndef TACH_UI_WIDTH_H
#define TACH_UI_WIDTH_H

#include <stdint.h>

/* 0, 1 or 2 cells; -1 for a control character, which must never reach the terminal. */
int width_of(uint32_t ch);

#endif
