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
 * @param backing
 *            what a qcow2 image lies on, nearest first; the names that are in images are never followed
 * @param serial
 *            what the guest sees as the serial number: at most 20 ASCII characters; may be empty
 * @param queues
 *            1 to 16; 0: one for each vCPU, at most 4
 */
public record VmmDisk(File file, List<File> backing, boolean readOnly, String serial, Cache cache, int queues) {
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
        Objects.requireNonNull(file, "file");
        backing = List.copyOf(backing);
        Objects.requireNonNull(serial, "serial");
        Objects.requireNonNull(cache, "cache");
    }

    /** A raw file that is read and written, write-back, with as many queues as suit the VM. */
    public static VmmDisk raw(Path path, String serial) {
        return new VmmDisk(new File(path, Format.RAW), List.of(), false, serial, Cache.WRITE_BACK, 0);
    }

    static VmmDisk of(DiskConfig config) throws IOException {
        List<File> backing = new ArrayList<>();
        for (DiskFile file : config.getBackingList()) {
            backing.add(File.of(file));
        }
        return new VmmDisk(File.of(config.getFile()), backing, config.getReadOnly(), config.getSerial(),
                config.getCache() == DiskConfig.Cache.WRITE_THROUGH ? Cache.WRITE_THROUGH : Cache.WRITE_BACK,
                config.getQueues());
    }

    DiskConfig toProto() {
        DiskConfig.Builder config = DiskConfig.newBuilder().setFile(file.toProto()).setReadOnly(readOnly)
                .setSerial(serial).setQueues(queues).setCache(
                        cache == Cache.WRITE_BACK ? DiskConfig.Cache.WRITE_BACK : DiskConfig.Cache.WRITE_THROUGH);
        for (File layer : backing) {
            config.addBacking(layer.toProto());
        }
        return config.build();
    }
}
