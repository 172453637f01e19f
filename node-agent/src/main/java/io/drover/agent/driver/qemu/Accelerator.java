package io.drover.agent.driver.qemu;

/** What runs the guest's instructions under QEMU. */
public enum Accelerator {
    /** A CPU in software. */
    TCG("tcg,thread=multi,tb-size=128", "max"),
    /** The host's CPU. */
    KVM("kvm", "host");

    private final String argument;
    private final String cpu;

    Accelerator(String argument, String cpu) {
        this.argument = argument;
        this.cpu = cpu;
    }

    String argument() {
        return argument;
    }

    String cpu() {
        return cpu;
    }
}
