package io.drover.vmm.boot;

import io.drover.vmm.memory.GuestAddressException;
import io.drover.vmm.memory.GuestMemory;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Optional;

/** An initramfs in guest memory: as high as the kernel allows, so that it does not stand in the kernel's way. */
record Initramfs(long address, long length) {

    /**
     * Puts a file into the guest and checks that it is whole, as far as its format tells.
     *
     * @param floor
     *            the address behind the kernel
     * @param limit
     *            the last address that the initramfs may have
     */
    static Initramfs load(GuestMemory memory, Path path, long floor, long limit)
            throws BootException, GuestAddressException {
        String name = "initramfs " + path;
        try (FileChannel file = FileChannel.open(path)) {
            long length = file.size();
            if (length == 0) {
                throw new BootException(name + " : is empty (expected: a cpio archive, perhaps compressed)");
            }
            long ceiling = Math.min(memory.regions().get(0).end(), limit + 1);
            long address = (ceiling - length) & -GuestMemory.PAGE_BYTES;
            if (address < floor) {
                throw new BootException(name + " : " + length + " bytes do not fit between the kernel's end at 0x"
                        + Long.toHexString(floor) + " and 0x" + Long.toHexString(ceiling)
                        + " (expected: give the machine more memory, or a smaller initramfs)");
            }
            memory.readFrom(file, 0, address, length);
            Optional<String> problem = InitramfsCheck.problemOf(memory.slice(address, length));
            if (problem.isPresent()) {
                throw new BootException(name + " : " + problem.get());
            }
            return new Initramfs(address, length);
        } catch (IOException e) {
            throw BootLoader.unreadable(name, e);
        }
    }
}
