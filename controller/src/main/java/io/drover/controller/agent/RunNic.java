package io.drover.controller.agent;

import io.drover.controller.record.MacAddress;
import io.drover.controller.record.Nic;

/**
 * A nic that a host gives a VM.
 *
 * @param mac as given, or as made for this VM
 */
public record RunNic(Nic nic, MacAddress mac) {}
