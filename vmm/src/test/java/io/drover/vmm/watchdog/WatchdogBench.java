package io.drover.vmm.watchdog;

import io.drover.proto.vmm.v1.SavedFunction;
import io.drover.vmm.bus.IoBus;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.interrupt.RecordedLine;
import io.drover.vmm.interrupt.RecordedMessages;
import io.drover.vmm.log.Log;
import io.drover.vmm.pci.PciBus;
import io.drover.vmm.pci.PciRoot;
import io.drover.vmm.pci.PciWindows;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.timer.FakeTimer;
import io.drover.vmm.timer.GuestTime;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A PCI bus with nothing but a watchdog, and time that the test moves. The guest runs. */
public final class WatchdogBench {
    private static final long CONFIG = PciWindows.ECAM_BASE + 0x8000;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final IoBus mmio = new IoBus();
    private final FakeTimer timer = new FakeTimer();
    private final GuestTime time = new GuestTime(timer::now, timer);
    private final List<RecordedLine> lines = new ArrayList<>();
    private final List<WatchdogAction> actions = new ArrayList<>();
    private final ByteArrayOutputStream logged = new ByteArrayOutputStream();
    private final WatchdogFunction function;

    public WatchdogBench(WatchdogAction action) throws IOException {
        List<InterruptLine> inputs = new ArrayList<>();
        for (int i = 0; i < PciWindows.GSIS; i++) {
            lines.add(new RecordedLine());
            inputs.add(lines.getLast());
        }
        PciRoot root = new PciRoot(new PciBus(), mmio, new RecordedMessages(), inputs);
        function = WatchdogFunction.plug(action, time, root, actions::add,
                new Log(new PrintStream(logged, true, StandardCharsets.UTF_8), "bench"));
        setConfig(0x04, 2, 2);
        time.run();
    }

    public long config(int offset, int bytes) {
        return mmio.read(CONFIG + offset, bytes);
    }

    public void setConfig(int offset, int bytes, long value) {
        mmio.write(CONFIG + offset, bytes, value);
    }

    public long register(int offset, int bytes) {
        return mmio.read(PciWindows.LOW_BASE + offset, bytes);
    }

    public void setRegister(int offset, int bytes, long value) {
        mmio.write(PciWindows.LOW_BASE + offset, bytes, value);
    }

    /** The sequence before every write that counts. */
    public void unlock() {
        setRegister(0xC, 1, 0x80);
        setRegister(0xC, 1, 0x86);
    }

    /** As the kernel's driver arms it: both counts, no interrupt, enabled. */
    public void arm(int count) {
        setConfig(0x60, 2, 0x03);
        unlock();
        setRegister(0, 4, count);
        unlock();
        setRegister(4, 4, count);
        feed();
        setConfig(0x68, 1, 0x02);
    }

    public void feed() {
        unlock();
        setRegister(0xC, 2, 0x100);
    }

    public void advanceMillis(long millis) {
        timer.advance(millis * NANOS_PER_MILLI);
    }

    public FakeTimer timer() {
        return timer;
    }

    public GuestTime time() {
        return time;
    }

    public List<WatchdogAction> actions() {
        return actions;
    }

    public WatchdogState state() {
        return function.state();
    }

    /** Of a guest that stands still. */
    public SavedFunction save() {
        return function.save();
    }

    /** Goes on from there, once its time runs. */
    public void load(SavedFunction saved, long guestNanos) throws SavedStateException {
        time.stop();
        time.begin(guestNanos);
        function.load(saved);
    }

    /** Of the function's pin. */
    public RecordedLine line() {
        return lines.get(PciWindows.gsi(1) - PciWindows.FIRST_GSI);
    }

    public String log() {
        return logged.toString(StandardCharsets.UTF_8);
    }
}
