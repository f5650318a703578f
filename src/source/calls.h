/* System calls by number: their names, and what a thread that is blocked in one waits for. */
#ifndef TACH_SOURCE_CALLS_H
#define TACH_SOURCE_CALLS_H

#include "source/waits.h"

#include <stdint.h>

const char *calls_name(uint32_t number); /* NULL: unknown to this build */
uint32_t calls_number(const char *name); /* CALL_NONE: this architecture has none such */
void calls_fill_causes(uint8_t out[CALLS]);
const char *calls_cause_name(uint32_t cause); /* "lock" */

#endif
