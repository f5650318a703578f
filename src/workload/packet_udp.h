/* packet-udp: datagrams from one thread to another over loopback. */
#ifndef TACH_WORKLOAD_PACKET_UDP_H
#define TACH_WORKLOAD_PACKET_UDP_H

#include "workload/workload.h"

extern const struct workload_ops workload_packet_udp;

#endif
