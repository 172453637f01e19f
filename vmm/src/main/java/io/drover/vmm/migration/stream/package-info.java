/**
 * How a guest's memory and the state of its devices go from one VMM to another, over 1 to 16 stream sockets. Who encrypts
 * them, and who is at the other end, is not the business of this package: see docs/security.md.
 *
 * <h2>The protocol, versions 2 and 3</h2>
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
 * PASS_END 4  number: the pass. How many pages (8) and blocks of disks (8) this connection has sent in it
 * STATE    5  number: bytes, 1 to 65536, on connection 0 alone. CRC-32C (4), the bytes
 * FINISH   6  number: 16, on connection 0 alone. Digest (8), bytes of state (4), CRC-32C of the state (4)
 * ALIVE    7  nothing; so that the receiver need not wait for what has come to nothing
 * DISKS    8  behind HELLO on connection 0, and nowhere else. Number: bytes, at most 4096. For each disk that is sent, in the
 *             order by which BLOCK and BLOCK_ZEROS number them: its size (8), the length of its id (1), its id
 * BLOCK    9  number: bytes, 512 to 65536. Disk (4), CRC-32C (4), offset (8), the bytes: a block of 64 KiB, the last of a disk
 *             may be shorter
 * BLOCK_ZEROS 10  number: runs, 1 to 256. For each the disk (4), how many blocks (4), the offset of the first (8)
 * PACKED  11  since version 3. Number: pages, 1 to 16. For each its place and CRC-32C as in PAGES; bytes (4); the pages as one
 *             block of LZ4, of so many bytes
 * PACKED_BLOCK 12  since version 3. Number: bytes. Disk, CRC-32C of what comes out, and offset as in BLOCK; the block of the disk
 *             as one block of LZ4, of so many bytes
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
 * the same order, they see by a digest: for each connection the CRC-32C of the entries of all its PAGES, PACKED and ZEROS
 * frames, and of
 * these, by connection, the sum of each and 31 times what was before. All this finds damage and mistakes; against somebody who
 * wants to deceive there is TLS around it.
 *
 * <p>
 * Disks go in the same passes as memory: the image of each, at the receiver's, begins as nothing on top of the same backing
 * image. A block goes over the connection that its place says, stripes of 16 go round. It is copied before it is sent, so its
 * checksum is that of its bytes, and one that does not match is refused at once. The receiver says PASS_TAKEN when it has written
 * what came, and RECEIVED when that is durable. Blocks and runs count in the digest: what is in front of their bytes.
 *
 * <p>
 * Compressed only if the operator asks for it, and where it saves an eighth: it takes a copy of every page, and more of a core
 * than there is time for on a fast network (docs/performance.md). A receiver of version 2 is sent nothing packed.
 */
package io.drover.vmm.migration.stream;
