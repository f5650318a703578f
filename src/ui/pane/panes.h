/* The panes by name, for the table only. */
#ifndef TACH_UI_PANE_PANES_H
#define TACH_UI_PANE_PANES_H

#include "ui/pane.h"

extern const struct pane_ops pane_rate, pane_latency, pane_cache, pane_locks, pane_memory, pane_threads;

#endif
