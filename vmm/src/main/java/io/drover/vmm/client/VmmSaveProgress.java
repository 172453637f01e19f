package io.drover.vmm.client;

import io.drover.proto.vmm.v1.SaveProgress;

/**
 * How far a VM has been saved.
 *
 * @param lookedAtBytes
 *            of its memory
 * @param writtenBytes
 *            of those, what was not zero
 */
public record VmmSaveProgress(long lookedAtBytes, long writtenBytes, long memoryBytes) {
    static VmmSaveProgress of(SaveProgress progress) {
        return new VmmSaveProgress(progress.getLookedAtBytes(), progress.getWrittenBytes(),
                progress.getMemoryBytes());
    }
}
