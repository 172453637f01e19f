package io.drover.vmm.client;

import io.drover.proto.vmm.v1.DiskConfig;
import io.drover.proto.vmm.v1.DiskFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A block device of a VM. Values are checked by the VMM when it starts.
 *
 * @param id
 *            names it among the VM's devices: 1 to 63 of a-z, 0-9 and '-'; empty: "disk" and its place in the settings, from 0
 * @param backing
 *            what a qcow2 image lies on, nearest first; the names that are in images are never followed
 * @param serial
 *            what the guest sees as the serial number: at most 20 ASCII characters; may be empty
 * @param queues
 *            1 to 16; 0: one for each vCPU, at most 4
 * @param rate
 *            of all queues together
 */
public record VmmDisk(String id, File file, List<File> backing, boolean readOnly, String serial, Cache cache,
        int queues,
        Rate rate) {
    /**
     * How much may be done in a second.
     *
     * @param bytesPerSecond
     *            read and written; 0: any
     * @param operationsPerSecond
     *            requests of any kind; 0: any
     */
    public record Rate(long bytesPerSecond, long operationsPerSecond) {
        public static final Rate ANY = new Rate(0, 0);
    }

    /** How bytes of a disk are kept in a file. */
    public enum Format {
        RAW, QCOW2
    }

    /** When a write is durable. */
    public enum Cache {
        /** When the guest has flushed after it. */
        WRITE_BACK,
        /** When it is done. */
        WRITE_THROUGH
    }

    /** A file or block device of the host. Its format is always said and never guessed: a guest writes what is in its disks. */
    public record File(Path path, Format format) {
        public File {
            Objects.requireNonNull(path, "path");
            Objects.requireNonNull(format, "format");
        }

        private static File of(DiskFile file) throws IOException {
            return new File(Path.of(file.getPath()), switch (file.getFormat()) {
                case RAW -> Format.RAW;
                case QCOW2 -> Format.QCOW2;
                case FORMAT_UNSPECIFIED, UNRECOGNIZED -> throw new IOException("disk " + file.getPath()
                        + " format : " + file.getFormatValue() + " (expected: RAW or QCOW2)");
            });
        }

        private DiskFile toProto() {
            return DiskFile.newBuilder().setPath(path.toString())
                    .setFormat(format == Format.RAW ? DiskFile.Format.RAW : DiskFile.Format.QCOW2).build();
        }
    }

    public VmmDisk {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(rate, "rate");
        Objects.requireNonNull(file, "file");
        backing = List.copyOf(backing);
        Objects.requireNonNull(serial, "serial");
        Objects.requireNonNull(cache, "cache");
    }

    /** Named by its place, without a limit. */
    public VmmDisk(File file, List<File> backing, boolean readOnly, String serial, Cache cache, int queues) {
        this("", file, backing, readOnly, serial, cache, queues, Rate.ANY);
    }

    /** The same by another name. */
    public VmmDisk withId(String newId) {
        return new VmmDisk(newId, file, backing, readOnly, serial, cache, queues, rate);
    }

    /** The same with another limit. */
    public VmmDisk withRate(Rate newRate) {
        return new VmmDisk(id, file, backing, readOnly, serial, cache, queues, newRate);
    }

    /** A raw file that is read and written, write-back, with as many queues as suit the VM. */
    public static VmmDisk raw(Path path, String serial) {
        return new VmmDisk(new File(path, Format.RAW), List.of(), false, serial, Cache.WRITE_BACK, 0);
    }

    /** Converts from the protocol. */
    public static VmmDisk of(DiskConfig config) throws IOException {
        List<File> backing = new ArrayList<>();
        for (DiskFile file : config.getBackingList()) {
            backing.add(File.of(file));
        }
        return new VmmDisk(config.getId(), File.of(config.getFile()), backing, config.getReadOnly(), config.getSerial(),
                config.getCache() == DiskConfig.Cache.WRITE_THROUGH ? Cache.WRITE_THROUGH : Cache.WRITE_BACK,
                config.getQueues(), new Rate(config.getBytesPerSecond(), config.getOperationsPerSecond()));
    }

    DiskConfig toProto() {
        DiskConfig.Builder config = DiskConfig.newBuilder().setId(id).setFile(file.toProto())
                .setBytesPerSecond(rate.bytesPerSecond()).setOperationsPerSecond(rate.operationsPerSecond())
                .setReadOnly(readOnly)
                .setSerial(serial).setQueues(queues).setCache(
                        cache == Cache.WRITE_BACK ? DiskConfig.Cache.WRITE_BACK : DiskConfig.Cache.WRITE_THROUGH);
        for (File layer : backing) {
            config.addBacking(layer.toProto());
        }
        return config.build();
    }
}
