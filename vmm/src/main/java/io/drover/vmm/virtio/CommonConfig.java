package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.bus.IoDevice;
import java.util.Optional;

/**
 * The common configuration structure (virtio 1.2, 4.1.4.3). Each register is read and written by its own size, and those of 64
 * bits by halves as well; of other accesses, reads see what is there and writes do nothing.
 */
final class CommonConfig implements IoDevice {
    static final int BYTES = 60;

    private static final int DEVICE_FEATURE_SELECT = 0;
    private static final int DEVICE_FEATURE = 4;
    private static final int DRIVER_FEATURE_SELECT = 8;
    private static final int DRIVER_FEATURE = 12;
    private static final int CONFIG_MSIX_VECTOR = 16;
    private static final int NUM_QUEUES = 18;
    private static final int DEVICE_STATUS = 20;
    private static final int CONFIG_GENERATION = 21;
    private static final int QUEUE_SELECT = 22;
    private static final int QUEUE_SIZE = 24;
    private static final int QUEUE_MSIX_VECTOR = 26;
    private static final int QUEUE_ENABLE = 28;
    private static final int QUEUE_NOTIFY_OFF = 30;
    private static final int QUEUE_DESC = 32;
    private static final int QUEUE_DRIVER = 40;
    private static final int QUEUE_DEVICE = 48;
    private static final int QUEUE_NOTIFY_DATA = 56;
    private static final int QUEUE_RESET = 58;

    private static final long WORD_BITS = 0xFFFF_FFFFL;

    private final DriverSession session;
    private final VirtioInterrupts interrupts;
    @GuardedBy("this")
    private int deviceFeatureSelect;
    @GuardedBy("this")
    private int driverFeatureSelect;
    @GuardedBy("this")
    private int queueSelect;

    CommonConfig(DriverSession session, VirtioInterrupts interrupts) {
        this.session = session;
        this.interrupts = interrupts;
    }

    synchronized void save(SavedVirtio.Builder into) {
        into.setDeviceFeatureSelect(deviceFeatureSelect).setDriverFeatureSelect(driverFeatureSelect)
                .setQueueSelect(queueSelect);
    }

    synchronized void load(SavedVirtio saved) {
        deviceFeatureSelect = saved.getDeviceFeatureSelect();
        driverFeatureSelect = saved.getDriverFeatureSelect();
        queueSelect = saved.getQueueSelect() & 0xFFFF;
    }

    @Override
    public synchronized long read(long offset, int bytes) {
        long value = 0;
        int done = 0;
        while (done < bytes) {
            int at = (int) offset + done;
            int start = startOf(at);
            value |= (register(start) >>> (8 * (at - start))) << (8 * done);
            done += start + sizeOf(start) - at;
        }
        return value;
    }

    @Override
    public synchronized void write(long offset, int bytes, long value) {
        int at = (int) offset;
        int start = startOf(at);
        int size = sizeOf(start);
        if (size == Long.BYTES && bytes == Integer.BYTES && (at - start) % Integer.BYTES == 0) {
            long old = register(start);
            setAddress(start,
                    at == start ? (old & ~WORD_BITS) | (value & WORD_BITS) : (old & WORD_BITS) | (value << 32));
        } else if (at == start && bytes == size) {
            if (size == Long.BYTES) {
                setAddress(start, value);
            } else {
                set(start, (int) value);
            }
        }
    }

    /** Where the register begins that a byte belongs to. */
    private static int startOf(int offset) {
        if (offset >= QUEUE_DESC && offset < QUEUE_NOTIFY_DATA) {
            return offset & -Long.BYTES;
        }
        if (offset < CONFIG_MSIX_VECTOR) {
            return offset & -Integer.BYTES;
        }
        return offset == CONFIG_GENERATION ? offset : offset & -Short.BYTES;
    }

    private static int sizeOf(int start) {
        if (start >= QUEUE_DESC && start < QUEUE_NOTIFY_DATA) {
            return Long.BYTES;
        }
        if (start < CONFIG_MSIX_VECTOR) {
            return Integer.BYTES;
        }
        return start == DEVICE_STATUS || start == CONFIG_GENERATION ? Byte.BYTES : Short.BYTES;
    }

    @GuardedBy("this")
    private long register(int start) {
        return switch (start) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect & WORD_BITS;
            case DEVICE_FEATURE -> half(session.deviceFeatures(), deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect & WORD_BITS;
            case DRIVER_FEATURE -> half(session.driverFeatures(), driverFeatureSelect);
            case CONFIG_MSIX_VECTOR -> interrupts.configVector();
            case NUM_QUEUES -> session.queues();
            case DEVICE_STATUS -> session.status();
            case CONFIG_GENERATION -> session.configGeneration();
            case QUEUE_SELECT -> queueSelect;
            case QUEUE_MSIX_VECTOR -> queueSelect < session.queues() ? interrupts.queueVector(queueSelect)
                    : VirtioInterrupts.NO_VECTOR;
            case QUEUE_NOTIFY_OFF -> queueSelect < session.queues() ? queueSelect : 0;
            // VIRTIO_F_NOTIF_CONFIG_DATA and VIRTIO_F_RING_RESET are not offered.
            case QUEUE_NOTIFY_DATA, QUEUE_RESET -> 0;
            default -> {
                Optional<QueueSettings> queue = session.queue(queueSelect);
                yield queue.isPresent() ? register(queue.get(), start) : 0;
            }
        };
    }

    private static long register(QueueSettings queue, int start) {
        return switch (start) {
            case QUEUE_SIZE -> queue.size();
            case QUEUE_ENABLE -> queue.isEnabled() ? 1 : 0;
            case QUEUE_DESC -> queue.descriptors();
            case QUEUE_DRIVER -> queue.available();
            case QUEUE_DEVICE -> queue.used();
            default -> 0;
        };
    }

    private static long half(long features, int select) {
        return switch (select) {
            case 0 -> features & WORD_BITS;
            case 1 -> features >>> 32;
            default -> 0;
        };
    }

    @GuardedBy("this")
    private void set(int start, int value) {
        switch (start) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = value;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = value;
            case DRIVER_FEATURE -> setDriverFeatures(value);
            case CONFIG_MSIX_VECTOR -> interrupts.setConfigVector(value);
            case DEVICE_STATUS -> session.setStatus(value);
            case QUEUE_SELECT -> queueSelect = value;
            case QUEUE_MSIX_VECTOR -> {
                if (queueSelect < session.queues()) {
                    interrupts.setQueueVector(queueSelect, value);
                }
            }
            case QUEUE_SIZE, QUEUE_ENABLE -> {
                Optional<QueueSettings> queue = session.changeableQueue(queueSelect);
                if (queue.isPresent() && start == QUEUE_SIZE) {
                    queue.get().setSize(value);
                } else if (queue.isPresent() && value == 1) {
                    queue.get().enable();
                }
            }
            default -> {
                // Read-only.
            }
        }
    }

    @GuardedBy("this")
    private void setDriverFeatures(int value) {
        long old = session.driverFeatures();
        if (driverFeatureSelect == 0) {
            session.setDriverFeatures((old & ~WORD_BITS) | (value & WORD_BITS));
        } else if (driverFeatureSelect == 1) {
            session.setDriverFeatures((old & WORD_BITS) | ((long) value << 32));
        }
    }

    @GuardedBy("this")
    private void setAddress(int start, long value) {
        Optional<QueueSettings> queue = session.changeableQueue(queueSelect);
        if (queue.isEmpty()) {
            return;
        }
        switch (start) {
            case QUEUE_DESC -> queue.get().setDescriptors(value);
            case QUEUE_DRIVER -> queue.get().setAvailable(value);
            default -> queue.get().setUsed(value);
        }
    }
}
