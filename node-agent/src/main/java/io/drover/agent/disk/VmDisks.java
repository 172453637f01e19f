package io.drover.agent.disk;

import io.drover.agent.driver.MachineDisk;
import io.drover.agent.driver.NameSyntax;
import io.drover.agent.driver.UnbootableException;
import io.drover.agent.files.Sha256;
import io.drover.agent.folder.DurableFile;
import io.drover.agent.folder.VmFolder;
import io.drover.agent.refusal.Reason;
import io.drover.agent.refusal.RefusedException;
import io.drover.vmm.client.DiskImages;
import io.drover.vmm.client.UnusableImageException;
import io.drover.vmm.client.VmmDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The disks of one VM, each a qcow2 image in the VM's folder: a linked clone of an image file of the host, which has to stay as
 * long as the disk, or an empty one. A disk is made once, and is there whole or not at all; from then on only its guest
 * changes it.
 */
public final class VmDisks {
    private static final Logger log = LoggerFactory.getLogger(VmDisks.class);
    /** Images take space as they are written to; with less than this a guest would fail soon after its start. */
    private static final long FIRST_BYTES = 64L << 20;

    private static final Set<PosixFilePermission> FILE_MODE = PosixFilePermissions.fromString("rw-rw----");

    private static final String SUFFIX = ".qcow2";

    private final String vm;
    private final Path folder;
    private final List<DiskOrder> orders;
    private final Function<Sha256, Path> files;

    /**
     * The disks of a VM; nothing is made yet.
     *
     * @param vm its name
     * @param files where the host holds image files
     */
    public VmDisks(String vm, VmFolder folder, List<DiskOrder> orders, Function<Sha256, Path> files) {
        this(vm, folder.disks(), orders, files);
    }

    private VmDisks(String vm, Path folder, List<DiskOrder> orders, Function<Sha256, Path> files) {
        this.vm = vm;
        this.folder = folder;
        this.orders = List.copyOf(orders);
        this.files = files;
        long names = orders.stream().map(DiskOrder::name).distinct().count();
        if (names != orders.size()) {
            throw new IllegalArgumentException(
                    "disks : " + orders.stream().map(DiskOrder::name).toList() + " (expected: another name for each)");
        }
    }

    /** As a driver is to give them to the machine. */
    public List<MachineDisk> forMachine() {
        return orders.stream().map(order -> new MachineDisk(order.name(), file(order), backing(order),
                order.readOnly(), order.serial(), order.writeThrough(), order.rate())).toList();
    }

    /** What a disk is to have; 0 when that is what its image has, or there is no such disk. */
    public long sizeBytes(String name) {
        return orders.stream().filter(order -> order.name().equals(name)).mapToLong(DiskOrder::sizeBytes).sum();
    }

    /** Whether a guest may have written to one of them. */
    public boolean anyThere() {
        return orders.stream().map(this::file).anyMatch(Files::exists);
    }

    /**
     * Looks whether a start can use or make them.
     *
     * @param expected the guest has run with them: one that is missing is lost
     * @param added but these, which came since
     * @throws RefusedException DISK_MISSING, DISK_FULL
     */
    public void check(boolean expected, Collection<String> added) throws RefusedException, IOException {
        List<DiskOrder> missing = orders.stream().filter(order -> !Files.exists(file(order))).toList();
        if (missing.isEmpty()) {
            return;
        }
        List<DiskOrder> lost = missing.stream().filter(order -> expected && !added.contains(order.name())).toList();
        if (!lost.isEmpty()) {
            String names = lost.stream().map(DiskOrder::name).collect(Collectors.joining(", "));
            throw new RefusedException(Reason.DISK_MISSING, "vms/" + vm,
                    "the guest has run with disk " + names + " on this host, but " + file(lost.getFirst())
                            + " is gone",
                    "put back what was there, from a backup, or delete the VM and create it anew").with("disks", names);
        }
        long needed = missing.stream()
                .mapToLong(order -> order.sizeBytes() == 0 ? FIRST_BYTES : Math.min(order.sizeBytes(), FIRST_BYTES))
                .sum();
        long free = Files.getFileStore(folder.getParent().getParent()).getUsableSpace();
        if (free < needed) {
            throw new RefusedException(Reason.DISK_FULL, "vms/" + vm,
                    "the disk of " + folder.getParent().getParent() + " is full: the VM's disks need " + needed
                            + " bytes to begin with, " + free + " are free",
                    "free space on the host's disk, or place the VM on another host")
                    .with("needed_bytes", Long.toString(needed)).with("free_bytes", Long.toString(free));
        }
    }

    /** Makes one, if it is not there yet; of a disk that is none of these, does nothing. Fails as {@link #make()}. */
    public void make(String name) throws UnbootableException, IOException {
        for (DiskOrder order : orders) {
            if (order.name().equals(name)) {
                new VmDisks(vm, folder, List.of(order), files).make();
            }
        }
    }

    /** Removes what is kept of a disk, if anything is, for good. No machine may have it. */
    public void remove(String name) throws IOException {
        NameSyntax.check("disk name", name);
        if (Files.deleteIfExists(folder.resolve(name + SUFFIX))) {
            DurableFile.syncFolder(folder);
            log.info("VM {}: disk {} removed", vm, name);
        }
    }

    /** Removes what is kept of all of them, for good. No machine may have one. */
    public void clear() throws IOException {
        for (DiskOrder order : orders) {
            remove(order.name());
        }
    }

    /**
     * Makes those that are not there yet, and those larger that are to be.
     *
     * @return those that were made
     * @throws UnbootableException when one cannot be made, on any host
     * @throws IOException when one cannot be made here; what was made of the others is gone then, too
     */
    public List<Path> make() throws UnbootableException, IOException {
        List<Path> made = new ArrayList<>();
        boolean all = false;
        try {
            for (DiskOrder order : orders) {
                if (!Files.exists(file(order))) {
                    make(order);
                    made.add(file(order));
                } else if (order.sizeBytes() > 0 && !order.readOnly()) {
                    DiskImages.grow(new VmmDisk.File(file(order), VmmDisk.Format.QCOW2),
                            backing(order).map(VmDisks::imageFile), order.sizeBytes());
                }
            }
            all = true;
        } catch (UnusableImageException e) {
            UnbootableException unbootable = new UnbootableException(e.getMessage());
            unbootable.initCause(e);
            throw unbootable;
        } finally {
            if (!all) {
                discard(made);
            }
        }
        return made;
    }

    private void make(DiskOrder order) throws UnbootableException, IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectory(folder);
            DurableFile.syncFolder(folder.getParent());
        }
        Optional<VmmDisk.File> image = backing(order).map(VmDisks::imageFile);
        long least = image.isPresent() ? DiskImages.size(image.get()) : 0;
        long size = order.sizeBytes() == 0 ? least : order.sizeBytes();
        if (size < least) {
            throw new UnbootableException("size_bytes of disk " + order.name() + " : " + size
                    + " (expected: 0, or at least " + least + ", the size of its image)");
        }
        Path file = file(order);
        // One that an agent which died was about to make.
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(aside);
        try {
            DiskImages.create(aside, size, image);
            // The folder gives it the group of the process that is to use it, where that has one of its own.
            Files.setPosixFilePermissions(aside, FILE_MODE);
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(aside);
        }
        DurableFile.syncFolder(folder);
        log.info("VM {}: disk {} made, {} bytes{}", vm, order.name(), size,
                image.map(below -> " on " + below.path().getFileName()).orElse(""));
    }

    /** Removes disks that were just made, for a guest that then did not run. */
    public void discard(List<Path> made) {
        for (Path file : made) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                log.warn("VM {}: {} is left behind, with nothing in it", vm, file, e);
            }
        }
    }

    private Path file(DiskOrder order) {
        return folder.resolve(order.name() + SUFFIX);
    }

    private Optional<MachineDisk.Backing> backing(DiskOrder order) {
        return order.image().map(image -> new MachineDisk.Backing(files.apply(image.file()), image.format()));
    }

    private static VmmDisk.File imageFile(MachineDisk.Backing backing) {
        return new VmmDisk.File(backing.file(), switch (backing.format()) {
            case RAW -> VmmDisk.Format.RAW;
            case QCOW2 -> VmmDisk.Format.QCOW2;
        });
    }
}
