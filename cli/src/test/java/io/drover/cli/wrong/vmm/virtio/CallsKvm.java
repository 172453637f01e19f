package io.drover.cli.wrong.vmm.virtio;

import io.drover.cli.wrong.vmm.kvm.KvmVm;

public record CallsKvm(KvmVm vm) {}
