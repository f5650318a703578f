/* The tables that a report fills: locks, who waits for whom, chains, call sites, and what each thread waits for. */
#ifndef TACH_SOURCE_BLOCKED_TABLES_H
#define TACH_SOURCE_BLOCKED_TABLES_H

#include "model/sample.h"
#include "source/blocked/naming.h"

struct told {
	const struct report *report;
	const struct naming *naming;
	const char *note;             /* how it was obtained */
};

void blocked_put_tables(const struct told *told, struct sample *out);

#endif
