/**
 * How a guest's memory and the state of its devices go from one VMM to another, over 1 to 16 stream sockets. Who encrypts
 * them, and who is at the other end, is not the business of this package: see docs/security.md.
 *
 * <h2>The protocol, version 1</h2>
 *
 * All numbers are big endian. What the sender sends is frames of a header of 8 bytes, type (1 byte), three bytes of zero, a
 * number (4 bytes), and what the type says:
 *
 * <pre>
 * HELLO    1  first on every connection. Number: 56. Magic "DRVRMIGR", oldest and newest version (2 bytes each), index of this
 *             connection and how many there are (2 each), an id that all connections of a stream share (16), pages of RAM (8),
 *             pages below the hole (8), pages of a stripe (4), 4 bytes of zero
 * PAGES    2  number: pages, 1 to 256. For each its place in RAM and its CRC-32C (4 bytes each), ascending; then the pages
 * ZEROS    3  number: runs, 1 to 256. For each its first page and how many (4 bytes each), of pages that have become zeros
 * PASS_END 4  number: the pass. How many pages this connection has sent in it (8)
 * STATE    5  number: bytes, 1 to 65536, on connection 0 alone. CRC-32C (4), the bytes
 * FINISH   6  number: 16, on connection 0 alone. Digest (8), bytes of state (4), CRC-32C of the state (4)
 * ALIVE    7  nothing; so that the receiver need not wait for what has come to nothing
 * </pre>
 *
 * The receiver answers, with the same header,
 *
 * <pre>
 * WELCOME    65  on every connection. Number: the version to speak
 * PASS_TAKEN 66  on connection 0, when every connection has ended the pass. Number: the pass
 * RECEIVED   67  on connection 0. Number: 8. The digest of what came
 * REFUSED    68  on any. Number: bytes, at most 1024. The first is the kind of failure, the rest says why
 * </pre>
 *
 * A page goes over the connection that its place says: stripes of 64 pages go round. So two versions of one page never overtake
 * each other. Memory begins as zeros at both ends; what was never anything else is not sent.
 *
 * <p>
 * A page is sent from where it lies, while the guest may write to it: its checksum may be of another moment than its bytes.
 * Such a page was written to, so it is sent again. The receiver remembers pages whose bytes do not match, and refuses to
 * finish while there is one; a damaged page that is not sent again is found so, as is any in the last pass, in which the guest
 * stands still. So what counts is the last checksum that was announced for each page; that both ends have the same of those, in
 * the same order, they see by a digest: for each connection the CRC-32C of the entries of all its PAGES and ZEROS frames, and of
 * these, by connection, the sum of each and 31 times what was before. All this finds damage and mistakes; against somebody who
 * wants to deceive there is TLS around it.
 *
 * <p>
 * Not compressed: the JDK's deflate takes a core for each 100 MB/s or so, less than the networks between hosts carry, and needs a
 * copy of every page.
 */
package io.drover.vmm.migration.stream;
