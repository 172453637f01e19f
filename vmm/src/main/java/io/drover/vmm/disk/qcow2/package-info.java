/**
 * QEMU's image format qcow2, versions 2 and 3. The specification is QEMU's {@code docs/interop/qcow2.txt}; names of fields and
 * flags are its.
 *
 * <p>
 * An image may have been written by a guest's owner, so that every number in it is hostile: each is checked before it is
 * used, and what comes of a bad one is an IOException that names the image.
 */
package io.drover.vmm.disk.qcow2;
