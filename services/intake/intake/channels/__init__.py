"""Channel adapters. Each builds an `Admission` from its request and files the appeal through the register."""
