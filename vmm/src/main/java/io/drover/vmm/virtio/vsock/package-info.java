/**
 * The socket device (virtio 1.2, 5.10): streams between programs in the guest and programs on the host, without a network. On the
 * host's side they are Unix sockets, by the convention that Firecracker began and existing tools know:
 *
 * <ul>
 * <li>A client of the VM's socket writes {@code CONNECT <port>\n}; when a program in the guest has taken the connection it reads
 * {@code OK <host's port>\n}, and from then on the stream. When none listens the socket is closed.
 * <li>A program in the guest that connects to port P of CID 2 gets whoever listens on the VM's socket's path with {@code _P}
 * behind it, or a reset when nobody does.
 * </ul>
 *
 * <p>
 * One I/O thread owns everything. What goes to the guest waits in the sockets until the guest has room; what comes from it is
 * held here only as far as the guest was given credit, so neither side can make this process grow.
 */
package io.drover.vmm.virtio.vsock;
