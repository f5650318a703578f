/* What an event's name asks of the kernel. */
#ifndef TACH_SOURCE_PERF_EVENT_H
#define TACH_SOURCE_PERF_EVENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part of struct perf_event_attr that says which event; libpfm4 has that struct of its own, so neither is here. */
struct perf_code {
	uint32_t type;
	uint64_t config, config1, config2;
	bool exclude_user, exclude_kernel;
};

int perf_code_parse(const char *name, struct perf_code *out, struct err *e);

/* Made by the kernel itself, not by counters of the CPU. */
bool perf_code_is_software(const struct perf_code *code);

/* False for events that happen in the kernel part only: asked for the user part they open and stay 0 for ever. */
bool perf_code_has_user_part(const struct perf_code *code);

#define PERF_METRIC_NAME 96

/* "icl::INST_RETIRED:ANY:u" gives "event.icl_inst_retired_any_u". */
void perf_metric_name(const char *event, char out[PERF_METRIC_NAME]);

#endif
