/* The tables that a report fills: locks, who waits for whom, chains, and what each thread waits for. */
#ifndef TACH_SOURCE_BLOCKED_TABLES_H
#define TACH_SOURCE_BLOCKED_TABLES_H

#include "model/sample.h"
#include "source/blocked/sampler.h"

void blocked_put_tables(const struct report *r, const char *note, struct sample *out);

#endif
