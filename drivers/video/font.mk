# The font of pixel displays: Debian's build of Terminus Font (SIL Open Font License 1.1), unmodified, as a binary
# object in .rodata. The package with its licence holds no fonts, hence two of them.

FONT_PACKAGE  := console-setup-linux
FONT_LICENCES := keyboard-configuration
FONT          := $(PAYLOAD)/$(FONT_PACKAGE)/usr/share/consolefonts/Uni2-Terminus16.psf.gz
FONT_DOC      := $(PAYLOAD)/$(FONT_LICENCES)/usr/share/doc/$(FONT_LICENCES)

$(FONT): tools/fetch-payload.sh
	$(call run,FETCH,$(FONT_PACKAGE),tools/fetch-payload.sh $(PAYLOAD) amd64 $(FONT_PACKAGE) $(FONT_LICENCES) && touch $@)

$B/console_font.psf: $(FONT)
	@mkdir -p $(@D)
	$(call run,GUNZIP,$@,gunzip -c $< > $@)

$B/font.licence: $(FONT)
	$(call run,LICENCE,$@,{ cat $(FONT_DOC)/copyright; gunzip -c $(FONT_DOC)/copyright.fonts.gz; } > $@)

$B/obj/console_font.o: $B/console_font.psf
	@mkdir -p $(@D)
	$(call run,OBJCOPY,$@,$(OBJCOPY) -I binary -O elf64-x86-64 \
	  --rename-section .data=.console_font$(,)contents$(,)alloc$(,)load$(,)readonly$(,)data \
	  -w --strip-symbol='*' $< $@)

KERNEL_OBJ += $B/obj/console_font.o
RAMFS_DEPS += $B/font.licence
