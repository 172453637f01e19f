/**
 * The console device (virtio 1.2, 5.3) with several ports: port 0 is a console, which a Linux guest calls hvc0, and each further
 * port is a named channel, {@code /dev/virtio-ports/<name>} in the guest and a Unix socket on the host. What is at the host's end
 * of a port is a {@link io.drover.vmm.virtio.console.HostEnd}: the VM's terminal, or a socket that serves one client at a time.
 */
package io.drover.vmm.virtio.console;
