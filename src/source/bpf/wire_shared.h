/* What the programs that count packets share with their readers. */
#ifndef TACH_SOURCE_BPF_WIRE_SHARED_H
#define TACH_SOURCE_BPF_WIRE_SHARED_H

#include "source/bpf/shared.h"

/* A CPU, a direction. */
struct packet_counts {
	u64 packets, bytes;
};

enum packet_way { PACKETS_RX, PACKETS_TX, PACKET_WAYS };

#endif
