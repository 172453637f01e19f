/**
 * A network that needs no rights on the host: NAT with DHCP, outgoing TCP, UDP and ICMP echo, and forwarded ports, all by
 * passt(1), a process beside the VMM's. Its TCP/IP is not ours.
 */
package io.drover.vmm.net.user;
