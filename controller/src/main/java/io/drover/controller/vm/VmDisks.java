package io.drover.controller.vm;

import io.drover.controller.problem.Violations;
import io.drover.controller.record.Disk;
import io.drover.controller.record.ImageId;
import io.drover.proto.v1.VmDisk;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The disks of a VM in the public API: checked on the way in, shown on the way out. */
final class VmDisks {
    private static final int MAX_DISKS = 16;
    private static final int SECTOR_BYTES = 512;
    private static final long MIN_SIZE_BYTES = 1L << 20;
    /** Every format of ours can have such a disk. */
    private static final long MAX_SIZE_BYTES = 8L << 40;
    /** What no tool in a guest has to quote. */
    private static final Pattern SERIAL = Pattern.compile("[A-Za-z0-9._-]{0," + Disk.MAX_SERIAL_CHARS + "}");

    private static final long MIN_BYTES_PER_SECOND = 64 << 10;
    private static final long MAX_RATE = 2_000_000_000;

    private VmDisks() {}

    /**
     * What a client asks for.
     *
     * @param field the path of the disks in the request
     * @return those that nothing is wrong with
     */
    static List<Disk> read(List<VmDisk> asked, String field, Violations violations) {
        violations.require(asked.size() <= MAX_DISKS, field,
                asked.size() + " disks (expected: at most " + MAX_DISKS + ")");
        List<Disk> disks = new ArrayList<>();
        Set<String> names = new HashSet<>();
        Set<String> serials = new HashSet<>();
        for (int index = 0; index < asked.size(); index++) {
            String at = field + "[" + index + "]";
            Optional<Disk> disk = read(asked.get(index), at, violations);
            if (disk.isPresent()) {
                violations.require(names.add(disk.get().name()), at + ".name",
                        Violations.quoted(disk.get().name()) + " (expected: another for each disk)");
                violations.require(serials.add(disk.get().serial()), at + ".serial",
                        Violations.quoted(disk.get().serial())
                                + " (expected: another for each disk; without one it is the"
                                + " first " + Disk.MAX_SERIAL_CHARS + " characters of the name)");
                disks.add(disk.get());
            }
        }
        return disks;
    }

    private static Optional<Disk> read(VmDisk disk, String field, Violations violations) {
        Optional<String> name = violations.id(field + ".name", disk.getName(), text -> text);
        Optional<ImageId> image = disk.getImage().isEmpty() ? Optional.empty()
                : violations.name(field + ".image", disk.getImage(), ImageId.COLLECTION, ImageId::new);
        boolean imageFormed = disk.getImage().isEmpty() || image.isPresent();
        boolean sized = isSize(disk);
        violations.require(sized, field + ".size_bytes", disk.getSizeBytes() + " (expected: a multiple of "
                + SECTOR_BYTES + ", 1 MiB to 8 TiB" + (disk.getImage().isEmpty() ? ")" : ", or 0 for the image's)"));
        boolean serialFormed = SERIAL.matcher(disk.getSerial()).matches();
        violations.require(serialFormed, field + ".serial", Violations.quoted(disk.getSerial()) + " (expected: at most "
                + Disk.MAX_SERIAL_CHARS + " of A-Z, a-z, 0-9, '.', '_' and '-')");
        Optional<Disk.Cache> cache = switch (disk.getCacheMode()) {
            case CACHE_MODE_UNSPECIFIED, WRITE_BACK -> Optional.of(Disk.Cache.WRITE_BACK);
            case WRITE_THROUGH -> Optional.of(Disk.Cache.WRITE_THROUGH);
            case UNRECOGNIZED -> Optional.empty();
        };
        violations.require(cache.isPresent(), field + ".cache_mode",
                disk.getCacheModeValue() + " (expected: WRITE_BACK, WRITE_THROUGH or nothing)");
        Optional<Disk.Limits> limits = limits(disk, field + ".", violations);
        if (name.isEmpty() || !imageFormed || !sized || !serialFormed || cache.isEmpty() || limits.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Disk(name.get(), image, disk.getSizeBytes(), disk.getReadOnly(), disk.getSerial(),
                cache.get(), limits.get()));
    }

    /**
     * The limits that a client asks for.
     *
     * @param prefix of the fields in the request
     */
    static Optional<Disk.Limits> limits(VmDisk disk, String prefix, Violations violations) {
        long bytes = disk.getBytesPerSecond();
        long operations = disk.getOperationsPerSecond();
        boolean bytesFit = bytes == 0 || (bytes >= MIN_BYTES_PER_SECOND && bytes <= MAX_RATE);
        boolean operationsFit = operations >= 0 && operations <= MAX_RATE;
        violations.require(bytesFit, prefix + "bytes_per_second", bytes + " (expected: " + MIN_BYTES_PER_SECOND + " to "
                + MAX_RATE + ", or 0 for any)");
        violations.require(operationsFit, prefix + "operations_per_second",
                operations + " (expected: 1 to " + MAX_RATE + ", or 0 for any)");
        return bytesFit && operationsFit ? Optional.of(new Disk.Limits(bytes, operations)) : Optional.empty();
    }

    /** That a disk without an image could have this size. */
    static void checkSize(long bytes, String field, Violations violations) {
        violations.require(bytes >= MIN_SIZE_BYTES && bytes <= MAX_SIZE_BYTES && bytes % SECTOR_BYTES == 0, field,
                bytes + " (expected: a multiple of " + SECTOR_BYTES + ", 1 MiB to 8 TiB)");
    }

    private static boolean isSize(VmDisk disk) {
        long size = disk.getSizeBytes();
        return (size == 0 && !disk.getImage().isEmpty())
                || (size >= MIN_SIZE_BYTES && size <= MAX_SIZE_BYTES && size % SECTOR_BYTES == 0);
    }

    static VmDisk message(Disk disk) {
        return VmDisk.newBuilder().setName(disk.name())
                .setImage(disk.image().map(ImageId::resourceName).orElse("")).setSizeBytes(disk.sizeBytes())
                .setReadOnly(disk.readOnly()).setSerial(disk.givenSerial()).setCacheMode(switch (disk.cache()) {
                    case WRITE_BACK -> VmDisk.CacheMode.WRITE_BACK;
                    case WRITE_THROUGH -> VmDisk.CacheMode.WRITE_THROUGH;
                }).setBytesPerSecond(disk.limits().bytesPerSecond())
                .setOperationsPerSecond(disk.limits().operationsPerSecond()).build();
    }
}
