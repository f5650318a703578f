/* The group that counts what the target sends and receives at its sockets, and how long it takes to answer. */
#ifndef TACH_SOURCE_BPF_SOCK_H
#define TACH_SOURCE_BPF_SOCK_H

#include "source/bpf/group.h"

extern const struct group_ops group_sock;

#endif
