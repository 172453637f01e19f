package io.drover.cli.wrong.vmm.kvm;

/** Breaks nothing; used by one that does. */
public record KvmVm() {}
