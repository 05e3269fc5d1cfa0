"""The ground floor: images, boxes, masks, devices, batches, metrics; imports no other floor."""
