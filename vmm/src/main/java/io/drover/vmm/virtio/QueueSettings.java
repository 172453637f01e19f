package io.drover.vmm.virtio;

import io.drover.proto.vmm.v1.SavedQueue;
import io.drover.vmm.virtio.queue.QueueLayout;

/** What the driver has written into one queue's registers. Guarded by the session's lock. */
final class QueueSettings {
    private final int maxSize;
    private int size;
    private boolean enabled;
    private long descriptors;
    private long available;
    private long used;

    QueueSettings(int maxSize) {
        this.maxSize = maxSize;
        this.size = maxSize;
    }

    void reset() {
        size = maxSize;
        enabled = false;
        descriptors = 0;
        available = 0;
        used = 0;
    }

    SavedQueue.Builder save() {
        return SavedQueue.newBuilder().setSize(size).setEnabled(enabled).setDescriptors(descriptors)
                .setAvailable(available).setUsed(used);
    }

    void load(SavedQueue saved) {
        size = saved.getSize();
        enabled = saved.getEnabled();
        descriptors = saved.getDescriptors();
        available = saved.getAvailable();
        used = saved.getUsed();
    }

    QueueLayout layout() {
        return new QueueLayout(size, descriptors, available, used);
    }

    int size() {
        return size;
    }

    void setSize(int value) {
        size = value;
    }

    boolean isEnabled() {
        return enabled;
    }

    void enable() {
        enabled = true;
    }

    long descriptors() {
        return descriptors;
    }

    void setDescriptors(long value) {
        descriptors = value;
    }

    long available() {
        return available;
    }

    void setAvailable(long value) {
        available = value;
    }

    long used() {
        return used;
    }

    void setUsed(long value) {
        used = value;
    }
}
