package io.drover.vmm.accelerator;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.drover.vmm.interrupt.MessageInterrupt;
import io.drover.vmm.interrupt.MessageInterrupts;
import io.drover.vmm.kvm.KvmIrqRouting;
import io.drover.vmm.kvm.KvmVm;
import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.EventFile;
import io.drover.vmm.linux.SystemCallException;
import java.lang.foreign.Arena;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Message interrupts as irqfds: each has a GSI of its own behind the IOAPIC's pins, and an event that KVM turns into the message
 * that the GSI is routed to. The kernel knows one table of routes per VM and takes it whole only, the controllers' pins
 * included: it is kept here.
 */
final class KvmMessageInterrupts implements MessageInterrupts, AutoCloseable {
    private static final int PIC_PINS = 8;
    private static final int IOAPIC_PINS = 24;
    /** The second controller's output is an input of the first, so no line leads there. */
    private static final int CASCADE = 2;
    /** On every PC the timer's line 0 comes in at the IOAPIC's pin 2, as the MADT says. */
    private static final int TIMER_PIN = 2;

    private final KvmVm vm;
    @GuardedBy("this")
    private final SortedMap<Integer, Message> messages = new TreeMap<>();

    KvmMessageInterrupts(KvmVm vm) {
        this.vm = vm;
    }

    @Override
    public synchronized MessageInterrupt create() throws SystemCallException {
        int gsi = IOAPIC_PINS;
        while (messages.containsKey(gsi)) {
            gsi++;
        }
        Message message = new Message(gsi, EventFile.create("interrupt " + gsi));
        messages.put(gsi, message);
        return message;
    }

    private synchronized void route(Message message, long address, int data) {
        if (message.routed && message.address == address && message.data == data) {
            return;
        }
        message.address = address;
        message.data = data;
        message.routed = true;
        try {
            setRoutes();
            if (!message.assigned) {
                // Routes first: an irqfd looks its route up when it is made.
                vm.assignIrqfd(message.event, message.gsi);
                message.assigned = true;
            }
        } catch (SystemCallException e) {
            if (e.errno() != Errno.EINVAL) {
                throw new IllegalStateException("interrupts cannot be routed", e);
            }
            // KVM does not take such a message. The table is as it was; the next change leaves this one out.
            message.routed = false;
        }
    }

    @GuardedBy("this")
    private void setRoutes() throws SystemCallException {
        try (Arena arena = Arena.ofConfined()) {
            KvmIrqRouting routes = new KvmIrqRouting(arena, 2 * PIC_PINS + IOAPIC_PINS + messages.size());
            for (int line = 0; line < IOAPIC_PINS; line++) {
                if (line == CASCADE) {
                    continue;
                }
                if (line < PIC_PINS) {
                    routes.addPin(line, KvmIrqRouting.PIC_MASTER, line);
                } else if (line < 2 * PIC_PINS) {
                    routes.addPin(line, KvmIrqRouting.PIC_SLAVE, line - PIC_PINS);
                }
                routes.addPin(line, KvmIrqRouting.IOAPIC, line == 0 ? TIMER_PIN : line);
            }
            for (Message message : messages.values()) {
                if (message.routed) {
                    routes.addMessage(message.gsi, message.address, message.data);
                }
            }
            vm.setGsiRouting(routes);
        }
    }

    /** The number of its GSI may be another's afterwards, so nothing may lead there any more. */
    private synchronized void release(Message message) {
        try {
            if (message.assigned) {
                vm.deassignIrqfd(message.event, message.gsi);
                message.assigned = false;
            }
            if (message.routed) {
                message.routed = false;
                setRoutes();
            }
        } catch (SystemCallException e) {
            throw new IllegalStateException("an interrupt cannot be given back", e);
        }
        messages.remove(message.gsi);
        message.event.close();
    }

    /** After the VM has been closed. */
    @Override
    public synchronized void close() {
        for (Message message : messages.values()) {
            message.event.close();
        }
    }

    /** What the guest sees of it is guarded by the table it is in. */
    private final class Message implements MessageInterrupt {
        private final int gsi;
        private final EventFile event;
        private long address;
        private int data;
        private boolean routed;
        private boolean assigned;

        Message(int gsi, EventFile event) {
            this.gsi = gsi;
            this.event = event;
        }

        @Override
        public void route(long messageAddress, int messageData) {
            KvmMessageInterrupts.this.route(this, messageAddress, messageData);
        }

        @Override
        public void raise() {
            event.ring();
        }

        @Override
        public void release() {
            KvmMessageInterrupts.this.release(this);
        }
    }
}
