package io.drover.vmm.serial;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import io.drover.proto.vmm.v1.SavedSerial;
import io.drover.vmm.bus.IoDevice;
import io.drover.vmm.interrupt.InterruptLine;
import io.drover.vmm.state.SavedStateException;
import io.drover.vmm.state.SavedStates;

/**
 * A 16550A UART (National Semiconductor PC16550D) with a line that is infinitely fast: what is written has been sent at once, so
 * that the transmitter is always empty and nothing can be lost; what the host sends waits in a bounded queue behind the receive
 * FIFO, so that the receiver never overruns but in loopback. Baud rate, parity and breaks are registers without effect. The
 * receiver's timeout counts as run out at once.
 *
 * <p>
 * Register access is by bytes: of a wider write each byte goes to its own register.
 */
public final class Uart16550 implements IoDevice {
    public static final int COM1_PORT = 0x3F8;
    public static final int COM1_IRQ = 4;
    /** Ports that it takes. */
    public static final int PORTS = 8;
    /** Input that the port keeps for a guest that does not read it. */
    public static final int INPUT_QUEUE_BYTES = 4096;

    private static final int DATA = 0;
    private static final int INTERRUPT_ENABLE = 1;
    private static final int INTERRUPT_IDENTITY = 2;
    private static final int LINE_CONTROL = 3;
    private static final int MODEM_CONTROL = 4;
    private static final int LINE_STATUS = 5;
    private static final int MODEM_STATUS = 6;
    private static final int SCRATCH = 7;

    private static final int IER_RECEIVED = 1;
    private static final int IER_TRANSMITTER_EMPTY = 1 << 1;
    private static final int IER_LINE_STATUS = 1 << 2;
    private static final int IER_MODEM_STATUS = 1 << 3;

    private static final int IIR_NONE = 0x01;
    private static final int IIR_MODEM_STATUS = 0x00;
    private static final int IIR_TRANSMITTER_EMPTY = 0x02;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_LINE_STATUS = 0x06;
    private static final int IIR_TIMEOUT = 0x0C;
    private static final int IIR_FIFOS = 0xC0;

    private static final int FCR_ENABLE = 1;
    private static final int FCR_CLEAR_RECEIVER = 1 << 1;

    private static final int LCR_DIVISOR = 1 << 7;

    private static final int MCR_OUT2 = 1 << 3;
    private static final int MCR_LOOPBACK = 1 << 4;
    private static final int MCR_BITS = 0x1F;

    private static final int LSR_DATA_READY = 1;
    private static final int LSR_OVERRUN = 1 << 1;
    private static final int LSR_TRANSMITTER_EMPTY = 3 << 5;

    private static final int MSR_CTS = 1 << 4;
    private static final int MSR_DSR = 1 << 5;
    private static final int MSR_RING = 1 << 6;
    private static final int MSR_CARRIER = 1 << 7;
    /** What the host's end of the cable asserts. */
    private static final int MSR_CONNECTED = MSR_CTS | MSR_DSR | MSR_CARRIER;

    private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};
    private static final int FIFO_BYTES = 16;

    private final InterruptLine line;
    private final SerialOutput output;
    private final Runnable inputRoom;

    private final Object lock = new Object();
    @GuardedBy("lock")
    private final ByteQueue queue = new ByteQueue(INPUT_QUEUE_BYTES);
    @GuardedBy("lock")
    private final ByteQueue fifo = new ByteQueue(FIFO_BYTES);
    @GuardedBy("lock")
    private boolean inputRefused;
    @GuardedBy("lock")
    private int divisor = 12;
    @GuardedBy("lock")
    private int interruptEnable;
    @GuardedBy("lock")
    private boolean fifosEnabled;
    @GuardedBy("lock")
    private int trigger = 1;
    @GuardedBy("lock")
    private int lineControl;
    @GuardedBy("lock")
    private int modemControl;
    @GuardedBy("lock")
    private int modemDeltas;
    @GuardedBy("lock")
    private int scratch;
    @GuardedBy("lock")
    private boolean overrun;
    /** The transmitter has become empty, and nobody has read that in the interrupt's identity. */
    @GuardedBy("lock")
    private boolean transmitterPending;
    @GuardedBy("lock")
    private boolean asserted;

    /**
     * A port as after a reset.
     *
     * @param inputRoom
     *            called, on a vCPU thread and under no lock, once input that {@link #offer} refused could be taken
     */
    public Uart16550(InterruptLine line, SerialOutput output, Runnable inputRoom) {
        this.line = line;
        this.output = output;
        this.inputRoom = inputRoom;
    }

    /**
     * Sends the guest some bytes.
     *
     * @return how many were taken, from the start; when not all were, the rest is the caller's to offer again once it is told
     *         that there is room
     */
    public int offer(byte[] data, int from, int length) {
        synchronized (lock) {
            int taken = queue.addAll(data, from, length);
            inputRefused |= taken < length;
            receive();
            updateLine();
            return taken;
        }
    }

    @Override
    public long read(long offset, int bytes) {
        long value = 0;
        boolean room = false;
        synchronized (lock) {
            for (int i = 0; i < bytes; i++) {
                value |= (long) readRegister((int) offset + i) << (8 * i);
            }
            updateLine();
            // Half empty, so that the host is not woken for each byte.
            if (inputRefused && queue.size() <= INPUT_QUEUE_BYTES / 2) {
                inputRefused = false;
                room = true;
            }
        }
        if (room) {
            inputRoom.run();
        }
        return value;
    }

    @Override
    public void write(long offset, int bytes, long value) {
        synchronized (lock) {
            for (int i = 0; i < bytes; i++) {
                writeRegister((int) offset + i, (int) (value >>> (8 * i)) & 0xFF);
            }
            updateLine();
        }
    }

    /** All that the guest can see of it, and what it has not read yet. When no vCPU runs. */
    public SavedSerial save() {
        synchronized (lock) {
            return SavedSerial.newBuilder().setVersion(SavedStates.VERSION).setDivisor(divisor)
                    .setInterruptEnable(interruptEnable).setFifosEnabled(fifosEnabled).setTrigger(trigger)
                    .setLineControl(lineControl).setModemControl(modemControl).setModemDeltas(modemDeltas)
                    .setScratch(scratch).setOverrun(overrun).setTransmitterPending(transmitterPending)
                    .setFifo(ByteString.copyFrom(fifo.toArray())).setQueue(ByteString.copyFrom(queue.toArray()))
                    .build();
        }
    }

    /** Makes it what another was, and asserts its line again. Before any vCPU runs. */
    public void load(SavedSerial saved) throws SavedStateException {
        SavedStates.inRange("bytes in the serial port's FIFO", saved.getFifo().size(), 0, FIFO_BYTES);
        SavedStates.inRange("bytes for the serial port", saved.getQueue().size(), 0, INPUT_QUEUE_BYTES);
        SavedStates.inRange("trigger of the serial port's FIFO", saved.getTrigger(), 1, FIFO_BYTES);
        synchronized (lock) {
            divisor = saved.getDivisor() & 0xFFFF;
            interruptEnable = saved.getInterruptEnable() & 0x0F;
            fifosEnabled = saved.getFifosEnabled();
            trigger = saved.getTrigger();
            lineControl = saved.getLineControl() & 0xFF;
            modemControl = saved.getModemControl() & MCR_BITS;
            modemDeltas = saved.getModemDeltas() & 0x0F;
            scratch = saved.getScratch() & 0xFF;
            overrun = saved.getOverrun();
            transmitterPending = saved.getTransmitterPending();
            fifo.clear();
            fifo.addAll(saved.getFifo().toByteArray(), 0, saved.getFifo().size());
            queue.clear();
            queue.addAll(saved.getQueue().toByteArray(), 0, saved.getQueue().size());
            updateLine();
        }
    }

    @GuardedBy("lock")
    private int readRegister(int register) {
        return switch (register) {
            case DATA -> divisorSelected() ? divisor & 0xFF : readData();
            case INTERRUPT_ENABLE -> divisorSelected() ? divisor >> 8 : interruptEnable;
            case INTERRUPT_IDENTITY -> readIdentity();
            case LINE_CONTROL -> lineControl;
            case MODEM_CONTROL -> modemControl;
            case LINE_STATUS -> readLineStatus();
            case MODEM_STATUS -> readModemStatus();
            case SCRATCH -> scratch;
            default -> 0xFF;
        };
    }

    @GuardedBy("lock")
    private void writeRegister(int register, int value) {
        switch (register) {
            case DATA -> {
                if (divisorSelected()) {
                    divisor = (divisor & 0xFF00) | value;
                } else {
                    send(value);
                }
            }
            case INTERRUPT_ENABLE -> {
                if (divisorSelected()) {
                    divisor = (divisor & 0xFF) | (value << 8);
                } else {
                    enableInterrupts(value & 0x0F);
                }
            }
            case INTERRUPT_IDENTITY -> controlFifos(value);
            case LINE_CONTROL -> lineControl = value;
            case MODEM_CONTROL -> controlModem(value & MCR_BITS);
            case SCRATCH -> scratch = value;
            default -> {
                // The status registers cannot be written, beyond factory tests.
            }
        }
    }

    @GuardedBy("lock")
    private boolean divisorSelected() {
        return (lineControl & LCR_DIVISOR) != 0;
    }

    @GuardedBy("lock")
    private boolean loopback() {
        return (modemControl & MCR_LOOPBACK) != 0;
    }

    @GuardedBy("lock")
    private int readData() {
        int value = fifo.isEmpty() ? 0 : fifo.remove();
        receive();
        return value;
    }

    @GuardedBy("lock")
    private void send(int value) {
        if (asserted && identity() == IIR_TRANSMITTER_EMPTY) {
            // The transmitter was full for a moment. A driver whose interrupt is edge-triggered needs to see that.
            transmitterPending = false;
            updateLine();
        }
        if (!loopback()) {
            output.accept(value);
        } else if (fifo.size() < fifoCapacity()) {
            fifo.add(value);
        } else {
            overrun = true;
        }
        transmitterPending = true;
    }

    @GuardedBy("lock")
    private void enableInterrupts(int value) {
        // The edge re-arms it: drivers start to send by enabling this interrupt.
        if ((value & ~interruptEnable & IER_TRANSMITTER_EMPTY) != 0) {
            transmitterPending = true;
        }
        interruptEnable = value;
    }

    @GuardedBy("lock")
    private void controlFifos(int value) {
        boolean enable = (value & FCR_ENABLE) != 0;
        if (enable != fifosEnabled || (enable && (value & FCR_CLEAR_RECEIVER) != 0)) {
            fifo.clear();
        }
        fifosEnabled = enable;
        trigger = enable ? TRIGGER_LEVELS[value >> 6] : 1;
        receive();
    }

    @GuardedBy("lock")
    private void controlModem(int value) {
        int before = modemLines();
        modemControl = value;
        int changed = before ^ modemLines();
        modemDeltas |= changed >> 4 & 0b1011;
        // The ring indicator tells its end only.
        if ((changed & before & MSR_RING) != 0) {
            modemDeltas |= 1 << 2;
        }
        receive();
    }

    /** The modem status' upper half: the host's end, or in loopback the port's own outputs. */
    @GuardedBy("lock")
    private int modemLines() {
        if (!loopback()) {
            return MSR_CONNECTED;
        }
        return ((modemControl & 1) != 0 ? MSR_DSR : 0) | ((modemControl & 1 << 1) != 0 ? MSR_CTS : 0)
                | ((modemControl & 1 << 2) != 0 ? MSR_RING : 0) | ((modemControl & MCR_OUT2) != 0 ? MSR_CARRIER : 0);
    }

    @GuardedBy("lock")
    private int readIdentity() {
        int identity = identity();
        if (identity == IIR_TRANSMITTER_EMPTY) {
            transmitterPending = false;
        }
        return identity | (fifosEnabled ? IIR_FIFOS : 0);
    }

    @GuardedBy("lock")
    private int readLineStatus() {
        int status = LSR_TRANSMITTER_EMPTY | (fifo.isEmpty() ? 0 : LSR_DATA_READY) | (overrun ? LSR_OVERRUN : 0);
        overrun = false;
        return status;
    }

    @GuardedBy("lock")
    private int readModemStatus() {
        int status = modemLines() | modemDeltas;
        modemDeltas = 0;
        return status;
    }

    /** The pending interrupt of the highest priority. */
    @GuardedBy("lock")
    private int identity() {
        if (overrun && (interruptEnable & IER_LINE_STATUS) != 0) {
            return IIR_LINE_STATUS;
        }
        if (!fifo.isEmpty() && (interruptEnable & IER_RECEIVED) != 0) {
            return fifo.size() >= trigger ? IIR_RECEIVED : IIR_TIMEOUT;
        }
        if (transmitterPending && (interruptEnable & IER_TRANSMITTER_EMPTY) != 0) {
            return IIR_TRANSMITTER_EMPTY;
        }
        if (modemDeltas != 0 && (interruptEnable & IER_MODEM_STATUS) != 0) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    @GuardedBy("lock")
    private int fifoCapacity() {
        return fifosEnabled ? FIFO_BYTES : 1;
    }

    /** Moves what fits from the queue to the FIFO; in loopback the receiver is cut off from the line. */
    @GuardedBy("lock")
    private void receive() {
        while (!loopback() && !queue.isEmpty() && fifo.size() < fifoCapacity()) {
            fifo.add(queue.remove());
        }
    }

    /** On a PC, OUT2 gates the interrupt; in loopback the pin is inactive. */
    @GuardedBy("lock")
    private void updateLine() {
        boolean level = (modemControl & (MCR_OUT2 | MCR_LOOPBACK)) == MCR_OUT2 && identity() != IIR_NONE;
        if (level != asserted) {
            asserted = level;
            line.set(level);
        }
    }
}
