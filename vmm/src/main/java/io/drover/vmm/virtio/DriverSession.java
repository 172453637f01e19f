package io.drover.vmm.virtio;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.proto.vmm.v1.SavedQueue;
import io.drover.proto.vmm.v1.SavedVirtio;
import io.drover.vmm.memory.GuestMemory;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;
import io.drover.vmm.virtio.queue.QueueBreachException;
import io.drover.vmm.virtio.queue.Virtqueue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What one driver and the device have agreed on, from one reset to the next: status, features, queues, and the I/O threads that
 * came of it. All of it is guarded by this object's lock.
 *
 * <p>
 * A reset tells the I/O threads to stop and returns; until the last has ended, the status stays what it was and nothing else can
 * be written, so that no vCPU ever waits for a disk.
 */
final class DriverSession implements IoThread.Owner {
    private final String name;
    private final VirtioDevice device;
    private final GuestMemory memory;
    private final NotifyWindow notify;
    private final VirtioInterrupts interrupts;
    private final BusMaster busMaster;
    private final GuestFaultLog log;
    private final QueueSettings[] queues;

    @GuardedBy("this")
    private int status;
    @GuardedBy("this")
    private long driverFeatures;
    @GuardedBy("this")
    private int configGeneration;
    @GuardedBy("this")
    private final List<IoThread> threads = new ArrayList<>();
    /** Of the driver that is ready, or was before it needed a reset. */
    @GuardedBy("this")
    private List<Optional<Virtqueue>> rings = List.of();
    @GuardedBy("this")
    private boolean resetting;
    /** The device is being taken away: nothing the driver writes counts any more. */
    @GuardedBy("this")
    private boolean removed;
    @GuardedBy("this")
    private Optional<Runnable> whenStopped = Optional.empty();

    DriverSession(String name, VirtioDevice device, GuestMemory memory, NotifyWindow notify,
            VirtioInterrupts interrupts, BusMaster busMaster, GuestFaultLog log) {
        this.name = name;
        this.device = device;
        this.memory = memory;
        this.notify = notify;
        this.interrupts = interrupts;
        this.busMaster = busMaster;
        this.log = log;
        this.queues = new QueueSettings[device.queues()];
        for (int queue = 0; queue < queues.length; queue++) {
            queues[queue] = new QueueSettings(device.maxQueueSize());
        }
    }

    long deviceFeatures() {
        return device.features() | VirtioFeatures.COMMON;
    }

    synchronized long driverFeatures() {
        return driverFeatures;
    }

    /** Ignored when it is not the time for it. */
    synchronized void setDriverFeatures(long features) {
        if (DeviceStatus.mayNegotiate(status) && !resetting) {
            driverFeatures = features;
        }
    }

    synchronized int status() {
        return status;
    }

    /** Obeys a write to the status, if it is a legal step. */
    synchronized void setStatus(int written) {
        if (resetting || removed) {
            return;
        }
        switch (DeviceStatus.step(status, written)) {
            case RESET -> reset();
            case STAY -> {
                // As it is.
            }
            case FORWARD -> forward(written);
            case FAIL -> {
                log.warn("the guest's driver has given up");
                status |= DeviceStatus.FAILED;
            }
            case REFUSED -> log.warn("status : " + written + " after " + status
                    + " (expected: one more step of ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK, or 0); ignored");
        }
    }

    @GuardedBy("this")
    private void forward(int next) {
        if ((next & DeviceStatus.FEATURES_OK) != 0 && (status & DeviceStatus.FEATURES_OK) == 0 && !featuresAreOk()) {
            return;
        }
        status = next;
        if (DeviceStatus.isRunning(status)) {
            activate(Optional.empty());
        }
    }

    @GuardedBy("this")
    private boolean featuresAreOk() {
        long unknown = driverFeatures & ~deviceFeatures();
        if (unknown != 0 || (driverFeatures & VirtioFeatures.VERSION_1) == 0) {
            log.warn("features : 0x" + Long.toHexString(driverFeatures) + " (expected: VERSION_1 and some of 0x"
                    + Long.toHexString(deviceFeatures()) + "); refused");
            return false;
        }
        return true;
    }

    /**
     * Sets up the queues and the threads.
     *
     * @param goOn
     *            where another device's stood: then the threads stand still until {@link #resume}
     */
    @GuardedBy("this")
    private void activate(Optional<SavedVirtio> goOn) {
        Setup setup = new Setup(driverFeatures);
        try {
            setup.makeQueues();
            if (goOn.isPresent()) {
                setup.goOn(goOn.get());
            }
            device.activate(setup);
            rings = List.copyOf(setup.made);
            threads.addAll(setup.started);
            for (IoThread thread : threads) {
                if (goOn.isPresent()) {
                    thread.pause();
                }
                thread.start();
            }
            notify.open();
        } catch (QueueBreachException e) {
            setup.discard();
            needsReset(e.getMessage());
        } catch (IOException e) {
            setup.discard();
            needsReset("cannot be activated: " + e.getMessage());
        }
    }

    @GuardedBy("this")
    private void needsReset(String why) {
        log.warn(why + "; the device needs a reset");
        boolean wasRunning = DeviceStatus.isRunning(status) && !resetting;
        status |= DeviceStatus.NEEDS_RESET;
        stopThreads();
        if (wasRunning) {
            interrupts.raiseConfiguration();
        }
    }

    @GuardedBy("this")
    private void reset() {
        resetting = true;
        stopThreads();
        finishReset();
    }

    @GuardedBy("this")
    private void stopThreads() {
        notify.shut();
        for (IoThread thread : threads) {
            thread.stop();
        }
    }

    @GuardedBy("this")
    private void finishReset() {
        if (!resetting || !threads.isEmpty()) {
            return;
        }
        device.reset();
        for (QueueSettings queue : queues) {
            queue.reset();
        }
        interrupts.reset();
        rings = List.of();
        driverFeatures = 0;
        configGeneration = 0;
        resetting = false;
        status = 0;
        notifyAll();
    }

    @Override
    public synchronized void breached(IoThread thread, String reason) {
        needsReset(reason);
    }

    @Override
    public synchronized void failed(IoThread thread, Throwable cause) {
        log.error("an I/O thread failed", cause);
        needsReset("failed");
    }

    @Override
    public void ended(IoThread thread) {
        synchronized (this) {
            threads.remove(thread);
            thread.release();
            finishReset();
        }
        tellIfStopped();
    }

    /**
     * Takes the device away from its driver and ends the I/O threads, without waiting for them. Once.
     *
     * @param then
     *            called when the last of them has ended, on a thread that must not be held up, under no lock
     */
    void remove(Runnable then) {
        synchronized (this) {
            removed = true;
            whenStopped = Optional.of(then);
            reset();
        }
        tellIfStopped();
    }

    private void tellIfStopped() {
        Optional<Runnable> told;
        synchronized (this) {
            if (!threads.isEmpty()) {
                return;
            }
            told = whenStopped;
            whenStopped = Optional.empty();
        }
        told.ifPresent(Runnable::run);
    }

    /**
     * Calls back once every I/O thread has been at no request since this call; does not wait for them.
     *
     * @param then
     *            called on one of them or on this thread, under no lock; must not hold them up
     */
    void whenIdle(Runnable then) {
        List<IoThread> now;
        synchronized (this) {
            now = List.copyOf(threads);
        }
        AtomicInteger left = new AtomicInteger(now.size() + 1);
        Runnable oneIs = () -> {
            if (left.decrementAndGet() == 0) {
                then.run();
            }
        };
        for (IoThread thread : now) {
            thread.whenIdle(oneIs);
        }
        oneIs.run();
    }

    /** Has the I/O threads begin nothing more, and does not wait. No vCPU may run until {@link #resume}. */
    synchronized void pause() {
        for (IoThread thread : threads) {
            thread.pause();
        }
    }

    /**
     * Waits until the I/O threads, having been paused, have ended what they were at.
     *
     * @param untilNanos
     *            as of {@link System#nanoTime}
     * @return false when one has not in time
     */
    boolean awaitStill(long untilNanos) throws InterruptedException {
        List<IoThread> now;
        synchronized (this) {
            now = List.copyOf(threads);
        }
        for (IoThread thread : now) {
            if (!thread.awaitStill(untilNanos)) {
                return false;
            }
        }
        return awaitReset(untilNanos);
    }

    /** Waits for a reset that is under way: it ends with its last thread. */
    private synchronized boolean awaitReset(long untilNanos) throws InterruptedException {
        while (resetting) {
            long left = untilNanos - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    /** All that the driver has agreed on, and where its queues stand. While the device is still. */
    synchronized SavedVirtio.Builder save() {
        SavedVirtio.Builder saved = SavedVirtio.newBuilder().setVersion(SavedStates.VERSION)
                .setDeviceType(device.deviceType()).setStatus(status).setDriverFeatures(driverFeatures)
                .setConfigGeneration(configGeneration & 0xFF);
        for (int number = 0; number < queues.length; number++) {
            SavedQueue.Builder queue = queues[number].save().setVector(interrupts.queueVector(number));
            if (number < rings.size() && rings.get(number).isPresent()) {
                queue.setNextAvailable(rings.get(number).get().nextToTake())
                        .setNextUsed(rings.get(number).get().nextToGive());
            }
            saved.addQueues(queue);
        }
        interrupts.save(saved);
        device.save(saved);
        return saved;
    }

    /**
     * Makes it what another was, standing still until {@link #resume}. Of a device that no driver has touched.
     *
     * @throws SavedStateException
     *             when it cannot have been one like this
     */
    synchronized void load(SavedVirtio saved) throws SavedStateException {
        if (saved.getDeviceType() != device.deviceType() || saved.getQueuesCount() != queues.length) {
            throw new SavedStateException("saved state: " + name + " : type " + saved.getDeviceType() + " with "
                    + saved.getQueuesCount() + " queues (expected: type " + device.deviceType() + " with "
                    + queues.length + ")");
        }
        if ((saved.getDriverFeatures() & ~deviceFeatures()) != 0
                && (saved.getStatus() & DeviceStatus.FEATURES_OK) != 0) {
            throw new SavedStateException("saved state: features of " + name + " : 0x"
                    + Long.toHexString(saved.getDriverFeatures()) + " (expected: some of 0x"
                    + Long.toHexString(deviceFeatures()) + ", which this device offers)");
        }
        status = SavedStates.inRange("status of " + name, saved.getStatus(), 0, 0xFF);
        driverFeatures = saved.getDriverFeatures();
        configGeneration = saved.getConfigGeneration();
        for (int number = 0; number < queues.length; number++) {
            queues[number].load(saved.getQueues(number));
            interrupts.setQueueVector(number, saved.getQueues(number).getVector() & VirtioInterrupts.NO_VECTOR);
        }
        interrupts.load(saved);
        device.load(saved);
        if (!DeviceStatus.isRunning(status)) {
            return;
        }
        activate(Optional.of(saved));
        if (!DeviceStatus.isRunning(status)) {
            throw new SavedStateException("saved state: " + name + " : cannot go on (expected: queues as they were)");
        }
        for (int number = 0; number < queues.length; number++) {
            if (queues[number].isEnabled()) {
                // One that was raised just before the other stood still may not have reached the guest. A driver that finds
                // nothing to do minds no interrupt.
                interrupts.raise(number);
            }
        }
    }

    synchronized void resume() {
        for (IoThread thread : threads) {
            thread.resume();
        }
    }

    /** The settings of a queue, if it is there and now is the time to change them. */
    synchronized Optional<QueueSettings> changeableQueue(int number) {
        return number < queues.length && DeviceStatus.maySetUpQueues(status) && !resetting
                && !queues[number].isEnabled() ? Optional.of(queues[number]) : Optional.empty();
    }

    /** The settings of a queue, if it is there. */
    Optional<QueueSettings> queue(int number) {
        return number < queues.length ? Optional.of(queues[number]) : Optional.empty();
    }

    int queues() {
        return queues.length;
    }

    synchronized int configGeneration() {
        return configGeneration & 0xFF;
    }

    synchronized void configurationChanged() {
        configGeneration++;
        if (DeviceStatus.isRunning(status)) {
            interrupts.raiseConfiguration();
        }
    }

    synchronized long readConfig(int offset, int bytes) {
        return device.readConfig(offset, bytes);
    }

    synchronized void writeConfig(int offset, int bytes, long value) {
        if ((status & DeviceStatus.DRIVER) != 0 && !resetting && !removed) {
            device.writeConfig(offset, bytes, value, driverFeatures);
        }
    }

    /** Ends the I/O threads and waits for them. When no vCPU runs any more. */
    void close() {
        List<IoThread> last;
        synchronized (this) {
            removed = true;
            reset();
            last = List.copyOf(threads);
        }
        boolean interrupted = false;
        for (IoThread thread : last) {
            interrupted |= thread.joinUninterruptibly();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        device.close();
    }

    /** An activation that is under way. */
    private final class Setup implements Activation {
        private final long features;
        private final List<Optional<Virtqueue>> made = new ArrayList<>();
        private final List<IoThread> started = new ArrayList<>();

        Setup(long features) {
            this.features = features;
        }

        void makeQueues() throws QueueBreachException {
            boolean indirect = (features & VirtioFeatures.INDIRECT_DESC) != 0;
            boolean eventIndex = (features & VirtioFeatures.EVENT_IDX) != 0;
            for (int number = 0; number < queues.length; number++) {
                made.add(queues[number].isEnabled() ? Optional.of(new Virtqueue(number, memory,
                        queues[number].layout(), device.maxQueueSize(), indirect, eventIndex, interrupts))
                        : Optional.empty());
            }
        }

        void goOn(SavedVirtio saved) {
            for (int number = 0; number < queues.length; number++) {
                if (made.get(number).isPresent()) {
                    made.get(number).get().goOnAt(saved.getQueues(number).getNextAvailable(),
                            saved.getQueues(number).getNextUsed());
                }
            }
        }

        @Override
        public long features() {
            return features;
        }

        @Override
        public Optional<Virtqueue> queue(int number) {
            return made.get(number);
        }

        @Override
        public IoThread addThread(String threadName, QueueHandler handler, List<Virtqueue> served)
                throws IOException {
            IoThread thread = new IoThread(name + " " + threadName, handler, served, notify.kicks(), busMaster,
                    DriverSession.this);
            started.add(thread);
            return thread;
        }

        void discard() {
            for (IoThread thread : started) {
                thread.discard();
            }
        }
    }
}
